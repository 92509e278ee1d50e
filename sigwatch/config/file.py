"""From the text of the file to settings, or to every fault with its line."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from sigwatch.config.contradictions import Location, contradictions
from sigwatch.config.sections import Settings
from sigwatch.errors import ConfigurationError
from sigwatch.model.knowledge import Problem

DEFAULT_FILE = "sigwatch.yaml"


class _Loader(yaml.SafeLoader):
    """Keys are texts: YAML 1.1 takes the key `off` for a truth value."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                key.tag = "tag:yaml.org,2002:str"
        return node


def load(path: Path) -> Settings:
    """Read and validate a configuration file.

    Raises:
        ConfigurationError: with every fault, each at its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        cure = "no such file; copy the example from the README, or name yours with --config"
        raise ConfigurationError([Problem(str(path), 0, "configuration", cure)]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([Problem(str(path), 0, "configuration", f"can not be read: {error}")]) from error
    return parse(text, path)


def parse(text: str, path: Path) -> Settings:
    """Validate configuration text; relative paths in it start at the folder of `path`.

    Raises:
        ConfigurationError: with every fault, each at its line.
    """
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = loader.construct_document(node) if node else {}
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        words = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = mark.line + 1 if mark else 0
        raise ConfigurationError([Problem(str(path), line, "yaml", f"{words}; mend the syntax")]) from None
    if not isinstance(data, dict | None):
        raise ConfigurationError([Problem(str(path), 1, "yaml", "the file must be a mapping, such as `store: ...`")])
    try:
        settings = Settings.model_validate(data or {})
    except ValidationError as error:
        problems = [_problem(path, node, _place(detail), _sentence(detail)) for detail in error.errors()]
        raise ConfigurationError(problems) from None
    found = contradictions(settings)
    if found:
        raise ConfigurationError([_problem(path, node, location, words) for location, words in found])
    return _absolute(settings, path.resolve().parent)


def _problem(path: Path, node: yaml.Node | None, location: Location, words: str) -> Problem:
    return Problem(str(path), _line(node, location), ".".join(map(str, location)), words)


def _place(detail: Mapping[str, Any]) -> Location:
    """Where pydantic found a fault; it marks those of a key, which the key itself shows."""
    return tuple(step for step in detail["loc"] if step != "[key]")


def _line(node: yaml.Node | None, location: Sequence[str | int]) -> int:
    """Line of the innermost key or item of `location` that the file holds."""
    line = 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == step]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
        else:
            break
    return line


def _sentence(detail: Mapping[str, Any]) -> str:
    """Pydantic's finding, in words that say what to do."""
    if detail["type"] == "extra_forbidden":
        section = _section(detail["loc"][:-1])
        known = sorted(section.model_fields) if section else []
        near = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        return f"unknown key; did you mean {near[0]}?" if near else f"unknown key; allowed are {', '.join(known)}"
    return (
        str(detail["msg"])
        .removeprefix("Value error, ")
        .replace("valid tuple", "list")
        .replace("valid dictionary", "mapping")
    )


def _section(location: Sequence[str | int]) -> type[BaseModel] | None:
    """The model that describes the mapping at `location`."""
    kind: Any = Settings
    for step in location:
        if model := _model(kind):
            field = model.model_fields.get(str(step))
            kind = field.annotation if field else None
        else:
            kind = next(filter(_model, get_args(kind)), None)
    return _model(kind)


def _model(kind: Any) -> type[BaseModel] | None:
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _absolute(settings: Settings, folder: Path) -> Settings:
    knowledge = settings.knowledge.model_copy(
        update={"paths": tuple(folder / path for path in settings.knowledge.paths)}
    )
    return settings.model_copy(update={"knowledge": knowledge, "store": _absolute_store(settings.store, folder)})


def _absolute_store(url: str, folder: Path) -> str:
    return url if store_table(url) else f"sqlite://{folder / store_path(url)}"


def store_path(url: str) -> Path:
    """File of a `sqlite:` address: absolute after two slashes, else relative."""
    return Path(url.removeprefix("sqlite:").removeprefix("//"))


def store_table(url: str) -> str:
    """Name of the table of a `dynamodb:` address; empty for another one."""
    return url.removeprefix("dynamodb://") if url.startswith("dynamodb://") else ""
