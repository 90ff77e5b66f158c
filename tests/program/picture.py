"""The screen of the README as a picture, of what the program really writes to a terminal.

    python3 -B tests/program/picture.py     writes contrib/demo/status.svg anew
"""
import contextlib
import html
import re

import worlds

PICTURE = worlds.TOP / 'contrib/demo/status.svg'
COLUMNS, COLUMN, LINE, MARGIN = 100, 8.4, 18, 14
STYLES = {'1': 'b', '2': 'd', '32': 'g', '33': 'w', '1;31': 'r', '1;37;41': 'l'}
CODE = re.compile(r'\x1b\[([0-9;]*)m')
HEAD = '''<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<title>homelab-status</title>
<style>
text {{ font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d6d8dc; white-space: pre }}
.b {{ font-weight: bold; fill: #fff }} .d {{ fill: #8b919b }} .g {{ fill: #6cc381 }} .w {{ fill: #e2b455 }}
.r {{ font-weight: bold; fill: #ff7b72 }} .l {{ font-weight: bold; fill: #ff7b72 }}
</style>
<rect width="100%" height="100%" rx="8" fill="#16181d"/>
'''


def runs(line):
    """The parts of a line: column, class and text of each."""
    column, style = 0, None
    for number, part in enumerate(CODE.split(line)):
        if number % 2:
            style = STYLES.get(part)
            continue
        for word in re.finditer(r'\S+( \S+)*', part):
            yield column + worlds.width(part[:word.start()]), style, word.group()
        column += worlds.width(part)


def draw(text):
    lines = text.splitlines()
    drawn = [HEAD.format(width=round(COLUMNS * COLUMN + 2 * MARGIN),
                         height=len(lines) * LINE + 2 * MARGIN)]
    for number, line in enumerate(lines):
        for column, style, words in runs(line):
            drawn.append('<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>\n' % (
                MARGIN + column * COLUMN, MARGIN + 13 + number * LINE, worlds.width(words) * COLUMN,
                ' class="%s"' % style if style else '', html.escape(words, quote=False)))
    return ''.join(drawn) + '</svg>\n'


def picture(test):
    root, now = worlds.of_fixture(test, 'homelab')
    return draw(worlds.Terminal(test, COLUMNS, root, worlds.later(now, seconds=25)).read())


if __name__ == '__main__':
    with contextlib.ExitStack() as stack:
        stack.addCleanup = stack.callback
        PICTURE.write_text(picture(stack))
