"""Results in pages: every number there comes from a command, between a pair of comments."""


def replace_block(text: str, name: str, block: str) -> str:
    """Replace what stands between `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises:
        ValueError: The text has no such block.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page has no block {begin} … {end}")
    return f"{before}{begin}\n{block.strip()}\n{end}{after}"
