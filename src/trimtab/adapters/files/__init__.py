"""Case folders in, result tables out: CSV, Parquet, TOML and JSON, exactly and atomically."""

from trimtab.adapters.files.batches import BatchFolder
from trimtab.adapters.files.book import read_book
from trimtab.adapters.files.case_folder import load_case
from trimtab.adapters.files.configuration_file import read_configuration
from trimtab.adapters.files.journal import Journal, open_journal, read_journal, truncate_torn
from trimtab.adapters.files.option_chain import ChainRow, ChainSnapshot, read_option_chain
from trimtab.adapters.files.presets import PresetRequest, PresetSource, decimal_tables, laid_over
from trimtab.adapters.files.rules_file import read_rules, rules_of_tables
from trimtab.adapters.files.rules_reference import rules_reference
from trimtab.adapters.files.rules_text import rules_text
from trimtab.adapters.files.staging import staged_folder
from trimtab.adapters.files.stress_file import read_stress_file
from trimtab.adapters.files.studies import study_storage
from trimtab.adapters.files.toml_text import read_toml
from trimtab.adapters.files.writers import write_csv, write_json, write_parquet, write_text

__all__ = [
    "BatchFolder",
    "ChainRow",
    "ChainSnapshot",
    "Journal",
    "PresetRequest",
    "PresetSource",
    "decimal_tables",
    "laid_over",
    "load_case",
    "open_journal",
    "read_book",
    "read_configuration",
    "read_journal",
    "read_option_chain",
    "read_rules",
    "read_stress_file",
    "read_toml",
    "rules_of_tables",
    "rules_reference",
    "rules_text",
    "staged_folder",
    "study_storage",
    "truncate_torn",
    "write_csv",
    "write_json",
    "write_parquet",
    "write_text",
]
