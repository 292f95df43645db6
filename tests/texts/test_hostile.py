import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.exceptions import SecurityError, TemplateError

from app.texts import LOCALES, render
from app.texts.book import _environment
from app.texts.catalogue import KEYS, NOTIFICATIONS, Kind
from app.texts.wording import PROSE_MAX, ROWS_MAX, TEXT_MAX, TITLE_MAX, plain
from tests.texts.samples import everything

TIMES = "\N{MULTIPLICATION SIGN}"
RETURN = everything("refund_return_needed")
TEXTS = [key for key, kind in KEYS.items() if kind in (Kind.TEXT, Kind.PROSE)]


def rendered_with(template, locale, text):
    data = everything(template)
    data |= {key: text for key in TEXTS if key in data}
    if "lines" in data:
        data["lines"] = [{"line_id": text, "title": text, "quantity": 1}, {"line_id": text, "title": "", "quantity": 1}]
    return render(template, locale, data)


@pytest.mark.parametrize("template", NOTIFICATIONS)
@pytest.mark.parametrize("text", ["{{7*7}}", "{% if 1 %}49{% endif %}", "{count}", "{title.__class__}", "%s", "${x}"])
def test_code_in_a_value_is_printed_and_not_run(template, text):
    rendered = rendered_with(template, "en", text)
    assert text in f"{rendered.subject} {rendered.body}"
    assert "49" not in rendered.body.replace(text, "")


@pytest.mark.parametrize("template", NOTIFICATIONS)
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\n\n", "\u2028", "\x85", "\x0b", "\n\nBcc: all@example.org\n\n"])
def test_a_value_cannot_start_a_line_or_a_paragraph(template, line_break):
    honest = rendered_with(template, "en", "A B")
    forged = rendered_with(template, "en", f"A{line_break}B")
    assert len(forged.subject.splitlines()) == 1
    assert len(forged.body.splitlines()) == len(honest.body.splitlines())


@pytest.mark.parametrize(
    "text", ["\u202egnp.exe", "\u2066x\u2069", "\x00\x1b[31mred", "\ufeffbom", "\ud800half", "a\u00adb"]
)
def test_invisible_characters_are_left_out(text):
    body = render(
        "refund_return_needed", "en", RETURN | {"lines": [{"line_id": "l", "title": text, "quantity": 1}]}
    ).body
    assert all(c.isprintable() or c == "\n" for c in body)
    body.encode()


@pytest.mark.parametrize(
    "text", ["👩\u200d👩\u200d👧", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "naïve", "日本語", "e\u0301"]
)
def test_honest_scripts_are_kept(text):
    assert plain(text, TEXT_MAX) == text


def test_long_titles_end_in_an_ellipsis():
    title = "x" * 5000
    body = render(
        "refund_return_needed", "en", RETURN | {"lines": [{"line_id": "l", "title": title, "quantity": 1}]}
    ).body
    assert f"- 1 {TIMES} {'x' * (TITLE_MAX - 1)}…\n" in body


@pytest.mark.parametrize("tail", ["\u0301", "\u200d👧", "\ufe0f"])
def test_a_cut_does_not_tear_a_letter_apart(tail):
    text = "x" * 8 + "e" + tail * 20
    cut = plain(text, 10)
    assert cut == "x" * 8 + "…"


@pytest.mark.parametrize("marks", [5, 500])
def test_a_text_of_marks_alone_is_cut_as_well(marks):
    assert plain("\u0301" * marks, 3) == "…"


def test_many_lines_are_counted():
    lines = [{"line_id": f"l{i}", "title": f"T{i}", "quantity": 1} for i in range(2000)]
    rows = render("refund_return_needed", "en", RETURN | {"lines": lines}).body.split("\n\n")[1].split("\n")
    assert len(rows) == ROWS_MAX + 1
    assert rows[-1] == f"- and {2000 - ROWS_MAX} more items"


@given(st.sampled_from(LOCALES), st.sampled_from(list(NOTIFICATIONS)), st.text(st.characters(), min_size=1))
def test_any_text_gives_one_subject_line_and_bounded_bytes(locale, template, text):
    rendered = rendered_with(template, locale, text)
    assert len(rendered.subject.splitlines()) == 1
    assert len(rendered.subject) <= 150
    assert len(rendered.body) < 10 * PROSE_MAX
    rendered.body.encode()
    assert not [c for c in rendered.body if c != "\n" and ord(c) < 32]


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ amount.__class__ }}",
        "{{ amount.__init__.__globals__ }}",
        "{{ amount['__class__'] }}",
        "{{ ''.format.__globals__ }}",
        "{{ '{0.__class__}'.format(amount) }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ range(10) }}",
        "{{ amount | attr('__class__') }}",
        "{{ nothing_like_that }}",
        "{% include '/etc/passwd' %}",
    ],
)
def test_a_template_cannot_reach_out_of_its_values(source):
    with pytest.raises((SecurityError, TemplateError, TypeError)):
        _environment().from_string(source).render(amount="€1.00")
