"""Conversion of names in a contract to Python names."""

import keyword
import re


def snake_case(name: str) -> str:
    """Return a name of a function or parameter: `pageSize` and `Page-Size` give `page_size`, `class` gives `class_`."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return _identifier(re.sub(r"\W+", "_", apart, flags=re.ASCII).strip("_").lower())


def header_attribute(name: str) -> str:
    """Return the attribute that holds a header: `Retry-After` gives `retry_after` and `ETag` gives `etag`."""
    return _identifier(re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").lower())


def class_name(name: str) -> str:
    """Return the name of a class: `read_product` gives `ReadProduct`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def _identifier(name: str) -> str:
    if not name or name[0].isdigit():
        name = f"n{name}"
    return f"{name}_" if keyword.iskeyword(name) else name
