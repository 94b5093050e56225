"""Frozen as ``_application_metadata``: the metadata of included distributions, served to importlib.metadata."""
from importlib.metadata import Distribution


class Frozen(Distribution):
    """One distribution; its files are those of its ``.dist-info`` folder."""

    def __init__(self, files):
        self.texts = files

    def read_text(self, filename):
        data = self.texts.get(str(filename))
        return data if data is None else data.decode("utf-8")

    def locate_file(self, path):
        raise FileNotFoundError(f"{path}: it is frozen into the program")


def plain(name):
    """Return a distribution's name as it is compared (PEP 503)."""
    return name.lower().replace("-", "_").replace(".", "_")


def find(known, context):
    """Yield the distributions that a context asks for. known: name -> the frozen module of its files."""
    for name, module in known.items():
        if context.name is None or plain(context.name) == plain(name):
            yield Frozen(__import__(module).FILES)
