"""Changes of lock files from which MODULE.bazel creates repositories, through the command line."""

import json

from tools.affected.tests.conftest import BELOW_LIB, LOCK, CommandLine, Workspace


def test_bumped_distribution(workspace: Workspace, affected_by: CommandLine) -> None:
    """Only targets that depend on the distribution are affected, by the canonical name of its repository."""
    workspace.write("requirements_lock.txt", LOCK.replace("3.20", "3.21"))
    document = affected_by.document()
    assert {target["label"] for target in document["targets"]} == BELOW_LIB
    assert document["reasons"][0]["reason"] == "idna 3.20 -> 3.21"
    assert document["targets"][0]["why"] == ["requirements_lock.txt", "@@_main~pip~pip//idna:pkg", "//lib:lib"]


def test_unused_distribution(workspace: Workspace, affected_by: CommandLine) -> None:
    """A bump of a distribution that no target depends on affects nothing."""
    workspace.write("requirements_lock.txt", LOCK.replace("4.16.0", "4.16.1"))
    assert affected_by.scope() == "none"


def test_removed_distribution(workspace: Workspace, affected_by: CommandLine) -> None:
    """The former users of a removed distribution are affected, by the graph of the base."""
    workspace.write("requirements_lock.txt", LOCK.partition("idna")[0])
    workspace.graph.pop("@@_main~pip~pip//idna:pkg")
    workspace.define("//lib:lib", inputs=["//lib:lib.py"])
    assert affected_by.labels() == BELOW_LIB
    assert "requirements_lock.txt: idna 3.20 removed" in affected_by.stderr


def test_removed_distribution_with_a_broken_base(workspace: Workspace, affected_by: CommandLine) -> None:
    """If the base cannot be loaded to find the former users, everything is affected."""
    workspace.write("graph.json", '{"broken": true}')
    workspace.commit()
    workspace.write("requirements_lock.txt", LOCK.partition("idna")[0])
    workspace.define("//lib:lib")
    assert affected_by.scope() == "all"
    assert "the users of idna at the base cannot be queried" in affected_by.stderr


def test_base_image_lock_of_one_architecture(workspace: Workspace, affected_by: CommandLine) -> None:
    """Packages of one architecture affect its repository; other changes affect all repositories of the lock file."""
    lock = {"snapshot": "1", "packages": {"amd64": ["a"], "arm64": ["a"]}}
    workspace.write("base/lock.json", json.dumps(lock))
    workspace.commit()
    workspace.write("base/lock.json", json.dumps(lock | {"packages": {"amd64": ["a"], "arm64": ["b"]}}))
    assert affected_by.labels() == set()
    assert "base/lock.json: base_arm64 changed" in affected_by.stderr
    workspace.write("base/lock.json", json.dumps(lock | {"packages": {"amd64": ["b"], "arm64": ["a"]}}))
    assert affected_by.labels() == {"//svc:image", "//svc:image_push"}
    workspace.write("base/lock.json", json.dumps(lock | {"snapshot": "2"}))
    assert "base_amd64, base_arm64 changed" in affected_by("--format", "markdown")


def test_package_for_all_architectures(workspace: Workspace, affected_by: CommandLine) -> None:
    """A package for all architectures is not unpacked, so targets that use unpacked files only are not affected."""
    image, tool = {"//svc:image", "//svc:image_push"}, "//svc:tool"
    workspace.define("//svc:image", inputs=["@@_main~debian~base_amd64//:debs"])
    workspace.define(tool, rule="py_binary", inputs=["@@_main~debian~base_amd64//:python"])
    zones, libc = ({"name": name, "path": f"{name}_1_{end}.deb"} for name, end in (("zones", "all"), ("libc", "amd64")))
    lock = {"packages": {"amd64": [libc, zones], "arm64": []}}
    workspace.write("base/lock.json", json.dumps(lock))
    workspace.commit()
    workspace.write("base/lock.json", json.dumps({"packages": {"amd64": [libc], "arm64": []}}))
    assert affected_by.labels() == image
    workspace.write("base/lock.json", json.dumps({"packages": {"amd64": [libc, zones | {"sha256": "1"}], "arm64": []}}))
    assert affected_by.labels() == image
    workspace.write("base/lock.json", json.dumps({"packages": {"amd64": [zones], "arm64": []}}))
    assert affected_by.labels() == {*image, tool}


def test_base_image_lock(workspace: Workspace, affected_by: CommandLine) -> None:
    """Packages of the base image affect images only."""
    workspace.write("base/lock.json", '{"new": 1}\n')
    assert affected_by.labels() == {"//svc:image", "//svc:image_push"}
    assert "base/lock.json: base_amd64, base_arm64 changed" in affected_by.stderr


def test_distribution_for_no_supported_platform(workspace: Workspace, affected_by: CommandLine) -> None:
    """The hub has no package of the distribution, so it has no seeds."""
    windows = "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:%s\n"
    workspace.write("requirements_lock.txt", LOCK + windows % "dd")
    workspace.commit()
    workspace.write("requirements_lock.txt", LOCK + windows % "ee")
    assert affected_by.labels() == set()
    assert "colorama 0.4.6 with other files" in affected_by.stderr
