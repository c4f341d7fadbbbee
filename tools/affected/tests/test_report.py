"""The formats of a result."""

import json
from html.parser import HTMLParser

from tools.affected.tests.conftest import CommandLine, Workspace


def test_github_outputs(workspace: Workspace, affected_by: CommandLine) -> None:
    """The outputs of a step are the scope, a count, and a matrix."""
    workspace.write("other/other.py", "second\n")
    outputs = dict(line.split("=", 1) for line in affected_by("--format", "github", "--kind", "test").splitlines())
    assert (outputs["scope"], outputs["count"]) == ("some", "1")
    assert json.loads(outputs["matrix"]) == {"include": [{"target": "//other:other", "name": "other other"}]}


class Tags(HTMLParser):
    """Collects the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Append a tag."""
        del attrs
        self.seen.append(tag)


def test_json_is_complete(workspace: Workspace, affected_by: CommandLine) -> None:
    """The document has revisions, scope, a reason for each path, and the steps to each target."""
    base = workspace.git("rev-parse", "HEAD")
    workspace.write("other/other.py", "second\n")
    workspace.write("README.md", "second\n")
    assert affected_by.document() == {
        "base": base,
        "head": "worktree",
        "scope": "some",
        "reasons": [
            {"path": "README.md", "scope": "none", "reason": "is used by no target", "seeds": []},
            {"path": "other/other.py", "scope": "some", "reason": "is a source file", "seeds": ["//other:other.py"]},
        ],
        "targets": [
            {
                "label": "//other:other",
                "rule": "py_test",
                "why": ["other/other.py", "//other:other.py", "//other:other"],
            }
        ],
    }


def test_markdown_has_images_and_steps(workspace: Workspace, affected_by: CommandLine) -> None:
    """The comment has the changed files, and the affected images with the steps to each."""
    workspace.write("lib/lib.py", "second\n")
    comment = affected_by("--format", "markdown")
    assert comment.startswith("**6 targets are affected.**\n")
    assert "| `lib/lib.py` | is a source file |" in comment
    assert "- `//svc:image`: `lib/lib.py` → `//lib:lib.py` → `//lib:lib` → `//svc:svc`" in comment


def test_markdown_of_nothing_and_of_everything(workspace: Workspace, affected_by: CommandLine) -> None:
    """Scopes `none` and `all` have a sentence."""
    assert affected_by("--format", "markdown").startswith("**Nothing is affected.**\n")
    workspace.write(".bazelversion", "8.0.0\n")
    comment = affected_by("--format", "markdown")
    assert comment.startswith("**Everything is affected.**\n")
    assert "| `.bazelversion` | the version of Bazel changed |" in comment
    assert "skipped" not in comment


def test_markdown_has_skipped_tests(workspace: Workspace, affected_by: CommandLine) -> None:
    """The comment lists the skipped tests, and the total time of their last runs over all shards."""
    workspace.write("other/other.py", "second\n")
    for shard, seconds in enumerate(("2.25", "1.5")):
        log = f'<testsuites name="a"><testsuite name="b" time="{seconds}"/></testsuites>'
        workspace.write(f"bazel-testlogs/svc/test_svc/shard_{shard}_of_2/test.xml", log)
    workspace.write("bazel-testlogs/other/other/test.xml", '<testsuite time="99"/>')
    workspace.write(".git/info/exclude", "bazel-*\n")
    skipped = affected_by("--format", "markdown").partition("<summary>Tests skipped: ")[2]
    assert skipped.startswith("1, 4 seconds saved</summary>\n\n- `//svc:test_svc`\n")


def test_markdown_survives_a_hostile_name(workspace: Workspace, affected_by: CommandLine) -> None:
    """The name of a file in a pull request cannot end its table cell."""
    workspace.write("other/a`|<img>\n# b.md", "x")
    rows = affected_by("--format", "markdown").splitlines()
    assert "| `other/a'\\|<img> # b.md` | no definition of a target changed |" in rows


def test_html_is_escaped(workspace: Workspace, affected_by: CommandLine) -> None:
    """The page has a row for each path and target, and their names are escaped."""
    workspace.write("lib/lib.py", "second\n")
    workspace.write("other/<script>.md", "x")
    page = affected_by("--format", "html")
    tags = Tags()
    tags.feed(page)
    assert "script" not in tags.seen
    assert tags.seen.count("tr") == 2 + 6


def test_dot_has_the_edges(workspace: Workspace, affected_by: CommandLine) -> None:
    """Each edge of the shortest paths appears once."""
    workspace.write("lib/lib.py", "second\n")
    lines = affected_by("--format", "dot", "--kind", "image").splitlines()
    assert lines[0] == "digraph affected {"
    assert '  "//svc:svc" -> "//svc:image";' in lines
    assert '  "lib/lib.py" -> "//lib:lib.py";' in lines
    assert len(lines) == 7
