"""FAISS indexes and the self-contained shard around one; the only room that imports faiss."""
