"""Days and instants: values and arithmetic; knows no unit and no notice."""
