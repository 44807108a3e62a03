"""One stored default set or taken out of a TOML text, and everything else in it kept as it is.

tomlkit keeps a text's form. What it cannot do right is refused here: the result is parsed again and compared.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from generator.model.config import ENVIRONMENTS

if TYPE_CHECKING:
    from tomlkit.items import Item, Key

    Body = list[tuple[Key | None, Item]]


def edited(text: str, environment: str, name: str, value: str | int | None) -> str:
    """The TOML text with the default set, or taken out for None; in the named environment unless that is "".

    Raises ValueError for a text in which this cannot be done without changing more.
    """
    import tomllib

    before = tomllib.loads(text)
    try:
        wanted = _with(deepcopy(before), environment, name, value)
        after = text if wanted == before else _with_line_ends(text, environment, name, value)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("it has a form that this command does not know") from error
    if _without_empty(tomllib.loads(after)) != _without_empty(wanted):
        raise ValueError("more than this value would change")
    return after


def _with(content: dict[str, Any], environment: str, name: str, value: str | int | None) -> dict[str, Any]:
    if value is None:
        table = content.get(ENVIRONMENTS, {}).get(environment, {}) if environment else content
        table.pop(name, None)
    else:
        table = content.setdefault(ENVIRONMENTS, {}).setdefault(environment, {}) if environment else content
        table[name] = value
    return content


def _without_empty(content: Any) -> Any:
    """The content without empty tables: taking out the last of an environment's dotted keys takes the table too."""
    if not isinstance(content, dict):
        return content
    return {name: rest for name, item in content.items() if (rest := _without_empty(item)) != {}}


def _with_line_ends(text: str, environment: str, name: str, value: str | int | None) -> str:
    """The edit of a text whose lines all end in CR LF is made without the CRs."""
    if not 0 < text.count("\n") == text.count("\r\n"):
        return _edit(text, environment, name, value)
    return _edit(text.replace("\r\n", "\n"), environment, name, value).replace("\n", "\r\n")


def _edit(text: str, environment: str, name: str, value: str | int | None) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    if tomlkit.dumps(document) != text:  # tables apart from each other, with an array of tables between them
        raise ValueError("tomlkit would put parts of the text into another order")
    environments: Any = document.get(ENVIRONMENTS, {}) if environment else {}
    if environment and environment not in environments:
        if not isinstance(environments, tomlkit.items.InlineTable):
            return text + _new_table(text, environment, tomlkit.item({name: value}).as_string())
        environments[environment] = tomlkit.inline_table().append(name, value)
        return tomlkit.dumps(document)
    table: Any = environments[environment] if environment else document
    if value is None:
        del table[name]
    elif name in table or not _insert(table, name, tomlkit.item(value)):
        table[name] = value
    return tomlkit.dumps(document)


def _new_table(text: str, environment: str, content: str) -> str:
    end = "\n" if text and not text.endswith("\n") else ""
    gap = "\n" if text.strip() and not text.endswith("\n\n") else ""
    return f"{end}{gap}[{ENVIRONMENTS}.{environment}]\n{content.rstrip()}\n"


def _insert(table: Any, name: str, item: Item) -> bool:
    """Put the key behind the last one of its table; tomlkit would put it behind the comments of the next table.

    False for a table of a form that only tomlkit itself can extend.
    """
    import tomlkit

    of_file = isinstance(table, tomlkit.TOMLDocument)
    if not of_file and not isinstance(table, tomlkit.items.Table):
        return False
    body: Body = table.body if of_file else table.value.body
    position = _behind_last_key(body)
    item.trivia.trail = "\n"
    if position:
        item.trivia.indent = body[position - 1][1].trivia.indent
    elif of_file:
        position = _before_first_table(body)
        item.trivia.trail = "\n" * (2 if position < len(body) else 1)
    if position and not isinstance(above := body[position - 1][1], tomlkit.items.Whitespace):
        above.trivia.trail = above.trivia.trail or "\n"  # the last line of a text may lack its end
    body.insert(position, (tomlkit.key(name), item))
    return True


def _is_header(key: Key | None, item: Item) -> bool:
    from tomlkit.items import AoT, Table

    return isinstance(item, (AoT, Table)) and not (key and key.is_dotted())


def _behind_last_key(body: Body) -> int:
    behind = 0
    for number, (key, item) in enumerate(body):
        if _is_header(key, item):
            break
        if key is not None:
            behind = number + 1
    return behind


def _before_first_table(body: Body) -> int:
    """Where a text without keys of its own takes one: above the comments that belong to its first table."""
    from tomlkit.items import Comment

    position = next((number for number, entry in enumerate(body) if _is_header(*entry)), len(body))
    while 0 < position < len(body) and isinstance(body[position - 1][1], Comment):
        position -= 1
    return position
