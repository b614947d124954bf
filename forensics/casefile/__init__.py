"""The case file: a folder that keeps items, records and their log.

`folder` makes every change, `log` holds the chain, `checking` verifies, `export` writes one zip,
`items` adds items and examinations, `fingerprints` remembers this installation's own fakes.
"""
