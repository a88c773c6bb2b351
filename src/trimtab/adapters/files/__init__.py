"""Case folders in, result tables out: CSV, Parquet, TOML and JSON, exactly and atomically."""

from trimtab.adapters.files.book import read_book
from trimtab.adapters.files.case_folder import load_case
from trimtab.adapters.files.journal import Journal, open_journal, read_journal, truncate_torn
from trimtab.adapters.files.option_chain import ChainRow, ChainSnapshot, read_option_chain
from trimtab.adapters.files.rules_file import read_rules
from trimtab.adapters.files.rules_reference import rules_reference
from trimtab.adapters.files.staging import staged_folder
from trimtab.adapters.files.writers import write_csv, write_json, write_parquet, write_text

__all__ = [
    "ChainRow",
    "ChainSnapshot",
    "Journal",
    "load_case",
    "open_journal",
    "read_book",
    "read_journal",
    "read_option_chain",
    "read_rules",
    "rules_reference",
    "staged_folder",
    "truncate_torn",
    "write_csv",
    "write_json",
    "write_parquet",
    "write_text",
]
