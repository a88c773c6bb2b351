"""Presets: what a deployed protocol is configured with, as the rules of a venue of ours.

A preset is a `rules.toml` that lies here beside the twin of its protocol, or is made from the
protocol's own configuration file. A case names one (`preset = "aave-v3.7"`), and whatever else its
`rules.toml` says is laid over it, key by key.

    *.toml                     one preset each; its [about] says source, date, and what the rules
                               of the engine cannot say of the protocol
    aave_configuration.py      Aave's reserve configurations -> the tables of a rules.toml
    compound_configuration.py  Compound III's configuration.json -> the same
    configuration.py           what both readers of configurations share: exact numbers, faults

This is data and arithmetic: who reads the files is `trimtab.apps.presets`. How close the engine
comes to the twin under a preset is tested in tests/protocols/presets and said in docs/presets.md.
"""
