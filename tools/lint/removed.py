"""Find what Bazel 8 or 9 removed from Starlark, where a file uses it without a load.

Buildifier warns of most of the rules too, but its tests are skipped if its binary is not available, and it does not
check the providers of Python rules. Python's parser reads Starlark, whose syntax is a subset.
"""

import ast
import re
from collections.abc import Iterator

_BUILT_IN = {
    ("8", "rules_android"): """
        aar_import android_binary android_library android_local_test android_sdk AndroidIdeInfo""",
    ("8", "rules_java"): """
        java_binary java_import java_library java_package_configuration java_plugin java_runtime java_test
        java_toolchain java_common JavaInfo JavaPluginInfo ProguardSpecProvider""",
    ("8", "rules_python"): """
        py_binary py_library py_runtime py_test PyInfo PyRuntimeInfo PyCcLinkParamsProvider""",
    ("8", "rules_shell"): """
        sh_binary sh_library sh_test""",
    ("8", "protobuf"): """
        proto_library proto_lang_toolchain cc_proto_library java_proto_library java_lite_proto_library ProtoInfo""",
    ("9", "apple_support"): """
        available_xcodes xcode_config xcode_config_alias xcode_version apple_common""",
    ("9", "rules_cc"): """
        cc_binary cc_import cc_library cc_shared_library cc_test cc_toolchain cc_toolchain_suite objc_import
        objc_library fdo_prefetch_hints fdo_profile memprof_profile propeller_optimize cc_common CcInfo
        CcSharedLibraryHintInfo CcSharedLibraryInfo CcToolchainConfigInfo DebugPackageInfo""",
}
"""Names by the version of Bazel that no longer has them, and by the module that has them now."""

_MOVED = {
    name: f"is not built into Bazel {major}: load it from {module}"
    for (major, module), names in _BUILT_IN.items()
    for name in names.split()
}

_METHODS = {
    "ctx.fragments.bazel_py": "flags of rules_python",
    "ctx.fragments.py": "flags of rules_python",
    "ctx.resolve_tools": "the `tools` of an action",
    "native.bind": "an alias",
    "native.register_execution_platforms": "MODULE.bazel",
    "native.register_toolchains": "MODULE.bazel",
}
"""What Bazel 9 removed, and what to use."""

_CANONICAL = re.compile(r"@@[\w.-]+[~+]")


def _bound(tree: ast.Module) -> set[str]:
    """Return the names that a file loads, defines or takes as parameters."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="load"), args=[_, *symbols], keywords=renamed):
                names |= {str(symbol.value) for symbol in symbols if isinstance(symbol, ast.Constant)}
                names |= {keyword.arg for keyword in renamed if keyword.arg}
            case ast.FunctionDef(name=name) | ast.arg(arg=name):
                names.add(name)
    return names


def removed(source: str) -> Iterator[tuple[int, str]]:
    """Yield line and sentence for each removed thing in the text of a BUILD or .bzl file.

    Raises:
        SyntaxError: The text is not Starlark.
    """
    tree = ast.parse(source)
    bound = _bound(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) if name in _MOVED and name not in bound:
                yield node.lineno, f"{name} {_MOVED[name]}"
            case ast.Attribute(value=ast.Name(id="native"), attr=name) if name in _MOVED:
                yield node.lineno, f"native.{name} {_MOVED[name]}"
            case ast.Attribute() if (path := ast.unparse(node)) in _METHODS:
                yield node.lineno, f"{path} is not in Bazel 9: use {_METHODS[path]}"
            case ast.Constant(value=str(text)) if _CANONICAL.match(text):
                yield node.lineno, f"{text} is a canonical name, which Bazel 8 spells otherwise: use an apparent name"
