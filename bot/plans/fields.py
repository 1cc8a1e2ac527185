"""The keys of a YAML file, each with the line it stands on, so that what is wrong can be pointed at."""

import pathlib
from collections.abc import Callable, Sequence

import yaml

from bot import errors


class Fault(Exception):
    """One entry is wrong at this line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line, self.what = line, what


def entries(path: pathlib.Path) -> list[yaml.Node]:
    """The entries of a file that holds a list of them, or one.

    Raises:
        Refused: it cannot be read, or is no such YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise errors.Refused(
            f"{path}:读不了({'没有这个文件' if isinstance(fault, FileNotFoundError) else '应为 UTF-8 文本'})"
        ) from fault
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as fault:
        mark = getattr(fault, "problem_mark", None)
        where = f" 第 {mark.line + 1} 行第 {mark.column + 1} 列" if mark else ""
        raise errors.Refused(f"{path.name}{where}:不是 YAML,请检查缩进、冒号和引号") from fault
    if isinstance(root, yaml.SequenceNode):
        return list(root.value)
    if isinstance(root, yaml.MappingNode):
        return [root]
    raise errors.Refused(f"{path.name}:应是一张清单,每条以 “- id:” 开头")


class Fields:
    """The keys of one entry, each with the line it stands on."""

    def __init__(self, node: yaml.Node, known: Sequence[str]) -> None:
        if not isinstance(node, yaml.MappingNode):
            raise Fault(node.start_mark.line + 1, "应是 “键: 值”,例如 “id: R03b”")
        self.line = node.start_mark.line + 1
        self._nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            if name not in known:
                raise Fault(key.start_mark.line + 1, f"不认识的键 “{name}”。可以写:{' '.join(known)}")
            if name in self._nodes:
                raise Fault(key.start_mark.line + 1, f"键 “{name}” 写了两次")
            self._nodes[name] = value

    def line_of(self, name: str) -> int:
        """Where the key stands; the entry itself, if it has none."""
        node = self._nodes.get(name)
        return self.line if node is None else node.start_mark.line + 1

    def text(self, name: str, *, default: str | None = None) -> str:
        """The key's words.

        Raises:
            Fault: there are none and no default, or it is a list.
        """
        node = self._nodes.get(name)
        if node is None or (isinstance(node, yaml.ScalarNode) and not node.value.strip()):
            if default is None:
                raise Fault(self.line, f"少了 “{name}”")
            return default
        if not isinstance(node, yaml.ScalarNode):
            raise Fault(self.line_of(name), f"“{name}” 应是一行文字")
        return str(node.value).strip()

    def has(self, name: str) -> bool:
        """Whether the key is written."""
        return name in self._nodes

    def lines(self, name: str) -> tuple[tuple[int, str], ...]:
        """The texts of a list, each with its line."""
        node = self._nodes.get(name)
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode) or not all(
            isinstance(n, yaml.ScalarNode) for n in node.value
        ):
            raise Fault(self.line_of(name), f"“{name}” 应是一张清单")
        return tuple((n.start_mark.line + 1, str(n.value).strip()) for n in node.value)

    def nodes(self, name: str) -> list[yaml.Node]:
        """The entries of a list."""
        node = self._nodes.get(name)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise Fault(self.line_of(name), f"“{name}” 应是一张清单,每条以 “- id:” 开头")
        return list(node.value)

    def checked(self, name: str, parse: Callable[[str], object]) -> object:
        """What its words mean; what is refused is told with its line."""
        try:
            return parse(self.text(name))
        except errors.Refused as fault:
            raise Fault(self.line_of(name), fault.sentence) from fault

    def choice(self, name: str, allowed: Sequence[str], *, default: str) -> str:
        """One of these words."""
        value = self.text(name, default=default)
        if value not in allowed:
            raise Fault(self.line_of(name), f"{name} “{value}”:可以写 {'、'.join(allowed)}")
        return value

    def yes_no(self, name: str, *, default: bool) -> bool:
        """true or false."""
        value = self.text(name, default=str(default)).lower()
        if value not in ("true", "false", "yes", "no"):
            raise Fault(self.line_of(name), f"{name} “{value}”:可以写 true、false")
        return value in ("true", "yes")
