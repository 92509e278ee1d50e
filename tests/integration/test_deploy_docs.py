"""What docs/deploy.md says of the templates is what they are."""

import re
from pathlib import Path

from sigwatch import config
from tests.fakes.deployment import ATTRIBUTES, role_of
from tests.fakes.template import load, render
from tests.fakes.terraform import MODULE, Terraform

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/deploy.md").read_text()


def block(language: str, words: str) -> str:
    [found] = [each for each in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if words in each]
    return str(found)


def test_the_table_of_inputs_is_whole() -> None:
    table = PAGE.split("## Inputs")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| (.*?) \|", table, re.MULTILINE)[1:]
    columns = [{name for row in rows for name in re.findall(r"`(\w+)`", row[number])} for number in (0, 1)]
    assert columns[0] == set(re.findall(r'^variable "(\w+)"', (MODULE / "variables.tf").read_text(), re.MULTILINE))
    assert columns[1] == set(load()["Parameters"])


def test_the_command_for_cloudformation_names_parameters_that_there_are() -> None:
    command = block("sh", "aws cloudformation deploy").replace("\\\n", " ").split("--parameter-overrides")[1]
    given = dict(re.findall(r"'?(\w+)=([^\s']+)", command))
    assert set(given) <= set(load()["Parameters"])
    rendered = render(given, ATTRIBUTES)
    assert role_of(rendered["TaskRole"]).allows
    for name, parameter in load()["Parameters"].items():
        if "Default" not in parameter:
            assert name in given
        if name in given and "AllowedPattern" in parameter:
            assert re.match(parameter["AllowedPattern"], given[name]), name


def test_the_root_module_is_valid(tmp_path: Path) -> None:
    text = block("hcl", 'module "sigwatch"').replace('"./deploy/terraform"', f'"{MODULE}"')
    (tmp_path / "main.tf").write_text('provider "aws" {\n  region = "us-east-1"\n}\n' + text)
    Terraform(tmp_path)("validate")


def test_the_configuration_works_and_its_state_is_the_table() -> None:
    settings = config.parse(block("yaml", "store: dynamodb"), ROOT / "sigwatch.yaml")
    assert settings.store == f"dynamodb://{load()['Parameters']['Name']['Default']}"


def test_a_reader_role_may_do_what_the_task_may() -> None:
    """Everything about logs and metrics, and nothing else."""
    shown = set(re.findall(r'"((?:logs|cloudwatch):\w+)"', block("json", "Statement")))
    least = {"Image": "x", "VpcId": "v", "SubnetIds": "s", "LogGroupArns": "a"}
    allowed = role_of(render(least, ATTRIBUTES)["TaskRole"]).actions
    assert shown == {action for action in allowed if not action.startswith("dynamodb:")}


def test_every_file_that_it_names_is_there() -> None:
    for name in re.findall(r"`(deploy/[\w./-]+)`", PAGE):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"\]\(([\w./]+)\)", PAGE):
        assert (ROOT / "docs" / name).exists(), name
