"""校安: the chat bot by which a city education bureau keeps its schools safe."""

__version__ = "0.1.0"
