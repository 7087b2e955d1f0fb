"""The contract, the tables behind it, and every way in: mappings, ingest, database, simulator."""

import os

# Polars gives memory back half a second after it was freed, and takes it again page by page: a
# tenth of a long job (docs/decisions/freed-memory-is-kept.md). Read as Polars is loaded.
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:10000")
