"""How the page looks: a quiet theme in fonts that every reader already has."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

_BLUE = gr.themes.Color(  # round the blue of the forecast in the pictures
    c50="#eff7fc",
    c100="#d9ecf7",
    c200="#b3d9ef",
    c300="#85c2e5",
    c400="#56b4e9",
    c500="#1f8bc9",
    c600="#0072b2",
    c700="#005f95",
    c800="#064d77",
    c900="#0a3f60",
    c950="#072a41",
    name="blue",
)


def theme() -> gr.themes.Base:
    """The theme, for `launch(theme=...)`."""
    return gr.themes.Base(
        primary_hue=_BLUE,
        secondary_hue=_BLUE,
        neutral_hue=gr.themes.colors.slate,
        font=("Segoe UI", "Roboto", "Helvetica Neue", "Noto Sans", "Liberation Sans", "sans-serif"),
        font_mono=("Cascadia Mono", "Menlo", "Noto Sans Mono", "Liberation Mono", "monospace"),
    ).set(
        body_text_color_subdued="*neutral_500",  # 4.7:1 on white; the lighter default is hard to read
        block_info_text_color="*neutral_500",
        link_text_color_dark="*primary_400",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
    )


def head() -> str:
    """Our style sheet and scripts, for `launch(head=...)`: `launch(css=...)` would drop the container query in it."""
    names = ("style.css", "save.js", "program.js", "brought.js", "groups.js")
    style, *scripts = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in names)
    return f"<style>{style}</style>" + "".join(f"<script>{script}</script>" for script in scripts)
