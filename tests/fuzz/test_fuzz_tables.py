"""Whatever a table says that a person edits, or that somebody else wrote: it is of use, or refused with one UserError."""
from __future__ import annotations

import pytest
from mutations import LENGTHS, fuzz, garbled, read_all
from tables import TABLES


@pytest.mark.parametrize("examples", LENGTHS)
@pytest.mark.parametrize("name", TABLES)
def test_garbled_tables_are_read_or_refused(examples, name, tmp_path):
    table = TABLES[name]
    fuzz(examples, garbled(table.texts()), lambda text: read_all(tmp_path / table.file, text, table.read))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_as_it_is_is_of_use(name, tmp_path):
    table = TABLES[name]
    for text in table.texts()[:1]:
        read_all(tmp_path / table.file, text, table.read)
