"""Frozen as ``_application_resources``: data files of packages, served to importlib.resources from the program itself."""
import io


class Reader:
    """What importlib.resources asks a loader for (importlib.resources.abc.TraversableResources)."""

    def __init__(self, module):
        self.root = Node("", "", __import__(module).FILES)

    def files(self):
        return self.root

    def open_resource(self, resource):
        return self.root.joinpath(resource).open("rb")

    def resource_path(self, resource):
        raise FileNotFoundError(resource)  # it has no path: importlib.resources.as_file makes a temporary file

    def is_resource(self, path):
        return self.root.joinpath(path).is_file()

    def contents(self):
        return (node.name for node in self.root.iterdir())


class Node:
    """A file or folder of a package (importlib.resources.abc.Traversable)."""

    def __init__(self, path, name, files):
        self.path, self.name, self.files = path, name, files

    def _below(self):
        start = self.path + "/" if self.path else ""
        return {path[len(start):] for path in self.files if path.startswith(start)}

    def is_file(self):
        return self.path in self.files

    def is_dir(self):
        return not self.is_file() and bool(self._below() or not self.path)

    def iterdir(self):
        if not self.is_dir():
            raise NotADirectoryError(self.path)
        return iter([self / name for name in sorted({path.partition("/")[0] for path in self._below()})])

    def joinpath(self, *others):
        node = self
        for part in "/".join(map(str, others)).split("/"):
            if part == "..":
                raise ValueError("a resource lies in its package")
            if part not in ("", "."):
                node = Node(f"{node.path}/{part}" if node.path else part, part, self.files)
        return node

    __truediv__ = joinpath

    def read_bytes(self):
        if self.path not in self.files:
            raise (IsADirectoryError if self.is_dir() else FileNotFoundError)(self.path)
        return self.files[self.path]

    def read_text(self, encoding=None, errors=None):
        return self.open("r", encoding=encoding, errors=errors).read()

    def open(self, mode="r", *arguments, **named):
        stream = io.BytesIO(self.read_bytes())
        if mode == "rb":
            return stream
        if mode not in ("r", "rt"):
            raise ValueError(f"mode {mode!r}: resources are read-only")
        return io.TextIOWrapper(stream, *arguments, **named)

    def __str__(self):
        return self.path
