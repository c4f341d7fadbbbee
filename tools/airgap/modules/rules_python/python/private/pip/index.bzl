"""Asks a package index for the files of a distribution (simple API, PEP 503)."""

load("//python/private/interpreter:debian.bzl", "unpack")

_CONFIG_KEYS = ("index-url", "extra-index-url")

def _pip_configuration(rctx):
    """Reads index addresses from pip's configuration files; the last file that names one wins."""
    home = rctx.os.environ.get("HOME", "/")
    files = ["/etc/pip.conf", home + "/.pip/pip.conf", home + "/.config/pip/pip.conf", rctx.getenv("PIP_CONFIG_FILE") or ""]
    settings = {}
    for file in files:
        if not file or not rctx.path(file).exists:
            continue
        for line in rctx.read(file, watch = "no").splitlines():
            key, _, value = line.partition("=")
            if key.strip() in _CONFIG_KEYS:
                settings[key.strip()] = value.strip()
    return settings

def _built_in_index(rctx):
    """Reads from pip itself, out of Debian's package, which index it asks when nobody configured one."""
    tools = json.decode(rctx.read(rctx.attr._tools))
    unpack(rctx, [tools["pip"]], moment = tools["snapshot"], output = "pip-package")
    for wheel in rctx.path("pip-package/usr/share/python-wheels").readdir():
        if wheel.basename.startswith("pip-"):
            rctx.symlink(wheel, "pip.zip")
    rctx.extract("pip.zip", output = "pip-wheel")
    source = rctx.read("pip-wheel/pip/_internal/models/index.py")
    address = source.partition("PyPI = PackageIndex(")[2].split("\"")[1]
    for path in ("pip.zip", "pip-package", "pip-wheel"):
        rctx.delete(path)
    return address + "simple"

def _package_indexes_impl(rctx):
    configured = _pip_configuration(rctx)
    main = rctx.getenv("PIP_INDEX_URL") or configured.get("index-url") or _built_in_index(rctx)
    extra = rctx.getenv("PIP_EXTRA_INDEX_URL") or configured.get("extra-index-url") or ""
    urls = [url.rstrip("/") for url in [main] + extra.split(" ") if url]
    rctx.file("indexes.json", json.encode(urls))
    rctx.file("BUILD.bazel", "exports_files([\"indexes.json\"])\n")

package_indexes = repository_rule(
    doc = "Writes down the package indexes that this machine's pip would ask.",
    implementation = _package_indexes_impl,
    environ = ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE"],
    attrs = {
        "_tools": attr.label(default = "//python/private/interpreter:tools.json"),
    },
)

def _absolute(base, href):
    if "://" in href:
        return href
    scheme, _, rest = base.partition("://")
    host, _, path = rest.partition("/")
    if href.startswith("/"):
        return "{}://{}{}".format(scheme, host, href)
    folders = path.split("/")[:-1]
    for part in href.split("/"):
        if part == "..":
            folders.pop()
        elif part != ".":
            folders.append(part)
    return "{}://{}/{}".format(scheme, host, "/".join(folders))

def parse_page(page, base):
    """Reads the links of an index page.

    Args:
        page: HTML, as PEP 503 wants it.
        base: the page's address with a final slash.

    Returns:
        A list of structs with `filename`, `sha256` and `url`; links without a hash are left out.
    """
    files = []
    for anchor in page.split("<a ")[1:]:
        href = anchor.partition("href=\"")[2].partition("\"")[0].replace("&amp;", "&")
        url, _, digest = href.partition("#sha256=")
        if digest:
            files.append(struct(
                filename = url.rpartition("/")[2].replace("%2B", "+"),
                sha256 = digest,
                url = _absolute(base, url),
            ))
    return files

# Bazel downloads nothing over plain http whose hash it does not know.
_FETCH = "import sys, urllib.request as u; open(sys.argv[2], 'wb').write(u.urlopen(sys.argv[1], timeout=60).read())"

def _fetch_page(rctx, url, *, python):
    """Writes an index page to index.html; returns whether there is one."""
    if url.startswith("http://"):
        return not rctx.execute([python, "-I", "-c", _FETCH, url, "index.html"]).return_code
    return rctx.download(url, allow_fail = True, output = "index.html").success

def find_files(rctx, indexes, *, name, hashes, python):
    """Finds the locked files of a distribution.

    Args:
        rctx: the repository context.
        indexes: path of the file that `package_indexes` wrote.
        name: the distribution, normalised.
        hashes: the sha256 sums that the lock allows.
        python: path of an interpreter.

    Returns:
        A struct: `files` holds those that are locked, `listed` all that the indexes have.
    """
    listed = []
    for index in json.decode(rctx.read(indexes)):
        base = "{}/{}/".format(index, name.replace("_", "-"))
        if not _fetch_page(rctx, base + ("index.html" if base.startswith("file:") else ""), python = python):
            continue
        links = parse_page(rctx.read("index.html"), base)
        rctx.delete("index.html")
        listed.extend(links)
        files = [file for file in links if file.sha256 in hashes]
        if files:
            return struct(files = files, listed = listed)
    return struct(files = [], listed = listed)
