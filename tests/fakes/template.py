"""A CloudFormation template with its parameters put in, as far as templates of this project need."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.aws_emulator import ACCOUNT, REGION

TEMPLATE = Path(__file__).resolve().parents[2] / "deploy/cloudformation/sigwatch.yaml"
_ABSENT = object()
_PSEUDO = {"AWS::Region": REGION, "AWS::AccountId": ACCOUNT, "AWS::Partition": "aws", "AWS::NoValue": _ABSENT}


class _Loader(yaml.SafeLoader):
    """Keeps `!Ref x` and its like as ("Ref", x)."""

    def tagged(self, suffix: str, node: yaml.Node) -> tuple[str, Any]:
        if isinstance(node, yaml.ScalarNode):
            return suffix, self.construct_scalar(node)
        if isinstance(node, yaml.SequenceNode):
            return suffix, self.construct_sequence(node, deep=True)
        assert isinstance(node, yaml.MappingNode)
        return suffix, self.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("!", _Loader.tagged)


def load() -> dict[str, Any]:
    """The template as it is written, functions as pairs of name and argument."""
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return found


def render(parameters: Mapping[str, str], attributes: Mapping[str, str]) -> dict[str, Any]:
    """The properties of each resource that these parameters make; attributes are `Resource.Name` and `Resource`."""
    return _Rendering(load(), parameters, attributes).resources()


class _Rendering:
    def __init__(self, template: dict[str, Any], parameters: Mapping[str, str], attributes: Mapping[str, str]) -> None:
        self._template = template
        self._values = {name: each.get("Default") for name, each in template["Parameters"].items()} | dict(parameters)
        self._attributes = attributes
        assert set(parameters) <= set(template["Parameters"])

    def resources(self) -> dict[str, Any]:
        return {
            name: self._value(resource["Properties"])
            for name, resource in self._template["Resources"].items()
            if "Condition" not in resource or self._holds(resource["Condition"])
        }

    def _holds(self, condition: str) -> bool:
        return bool(self._value(self._template["Conditions"][condition]))

    def _value(self, written: Any) -> Any:
        match written:
            case tuple():
                function, argument = written
                return getattr(self, f"_{function.lower()}")(argument)
            case dict():
                made = {key: self._value(value) for key, value in written.items()}
                return {key: value for key, value in made.items() if value is not _ABSENT}
            case list():
                return [value for each in written if (value := self._value(each)) is not _ABSENT]
        return written

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name not in self._values:
            return self._attributes[name]
        value = self._values[name]
        kind = self._template["Parameters"][name]["Type"]
        return value.split(",") if kind.startswith(("List", "CommaDelimitedList")) else value

    def _sub(self, text: str) -> str:
        return re.sub(r"\$\{([^}]+)\}", lambda found: str(self._named(found[1])), text)

    def _named(self, name: str) -> Any:
        return self._attributes[name] if "." in name else self._ref(name)

    def _getatt(self, name: str) -> str:
        return self._attributes[name]

    def _if(self, argument: list[Any]) -> Any:
        condition, then, otherwise = argument
        return self._value(then if self._holds(condition) else otherwise)

    def _condition(self, name: str) -> bool:
        return self._holds(name)

    def _not(self, argument: list[Any]) -> bool:
        return not self._value(argument[0])

    def _or(self, argument: list[Any]) -> bool:
        return any(self._value(each) for each in argument)

    def _equals(self, argument: list[Any]) -> bool:
        one, other = map(self._value, argument)
        return bool(one == other)

    def _join(self, argument: list[Any]) -> str:
        between, parts = argument
        return str(between).join(self._value(parts))


def camel(value: Any) -> Any:
    """Keys as the API of ECS writes them; those of `Options` are the user's."""
    match value:
        case dict():
            return {key[0].lower() + key[1:]: each if key == "Options" else camel(each) for key, each in value.items()}
        case list():
            return [camel(each) for each in value]
    return value
