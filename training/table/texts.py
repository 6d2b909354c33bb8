"""Texts with their labels: the columns found, rows without either left out, classes named, all told and hashed"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass

from rnn_model.reading.log import Log, count, quote
from training.table.cells import cells_of, line_of, name_of
from training.table.columns import choose_columns
from training.table.content import content_hash
from training.table.labels import check_labels, labels_of, without_rare_classes


@dataclass(frozen=True)
class TextTable:
    """Texts with their labels, N of each, in the order of the file.

    Attributes:
        texts: as they stand in the file, stripped; none is empty.
        labels: the class of each text, as an index into `classes`.
        classes: names of the C classes in alphabetical order.
        lines: where each text stands: the line of a file, the row of a sheet, the number of a JSON record.
        columns: names (or numbers) of the column of texts and of that of labels.
        unlabelled: rows left out because they have a text and no label.
        sha256: of the texts and labels, whatever kind of file they came in.
        notes: what was done to the table, in words, with counts.
    """

    texts: tuple[str, ...]
    labels: tuple[int, ...]
    classes: tuple[str, ...]
    lines: tuple[int, ...]
    columns: tuple[str, str]
    unlabelled: int
    sha256: str
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)


def read_text_table(
    source: os.PathLike[str] | bytes,
    *,
    filename: str | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
) -> TextTable:
    """The texts and labels of a CSV, TSV, XLSX or JSON file.

    Args:
        source: path or bytes of the file.
        filename: name of the file that bytes came from.
        text_column: name or 1-based number of the column of texts; None finds it.
        label_column: the same of the column of labels.

    Returns:
        A TextTable; labels that differ in case alone are one class, classes of fewer than MIN_TEXTS different texts
        are left out; both are noted.

    Raises:
        InputError: the file cannot be read, a column is not there or cannot be told, or fewer than two classes remain.
    """
    log = Log()
    table = cells_of(source, filename, {*filter(None, (text_column, label_column))}, log)
    text, label = choose_columns(table, text_column, label_column, log)
    texts = [cell.strip() for cell in table.columns[text]]
    labels = labels_of(table.columns[label], log)
    check_labels(labels, table, label)
    empty = sum(not one for one in texts)
    if empty:
        log.note(f"{count(empty, 'row')} without a text left out.")
    unlabelled = [row for row, one in enumerate(texts) if one and not labels[row]]
    if unlabelled:
        where = ", ".join(str(line_of(table, row)) for row in unlabelled[:3]) + (", …" if len(unlabelled) > 3 else "")
        log.note(f"{count(len(unlabelled), 'row')} without a label left out (line {where}).")
    kept = [row for row, one in enumerate(texts) if one and labels[row]]
    kept = without_rare_classes(kept, texts, labels, table.title(label), log)
    classes = tuple(sorted({labels[row] for row in kept}))
    pairs = [(texts[row], labels[row]) for row in kept]
    sizes = Counter(label for _, label in pairs)
    shown = ", ".join(f"{quote(name)} {size:,}" for name, size in sizes.most_common(12))
    more = ", …" if len(classes) > 12 else ""
    log.note(f"{count(len(pairs), 'text')} of {count(len(classes), 'class', 'classes')}: {shown}{more}.")
    return TextTable(
        texts=tuple(text for text, _ in pairs),
        labels=tuple(classes.index(label) for _, label in pairs),
        classes=classes,
        lines=tuple(line_of(table, row) for row in kept),
        columns=(name_of(table, text), name_of(table, label)),
        unlabelled=len(unlabelled),
        sha256=content_hash((" ".join(text.split()), label) for text, label in pairs),
        notes=tuple(log.notes),
    )
