"""The contract, the tables behind it, and every way in: mappings, ingest, database, simulator."""
