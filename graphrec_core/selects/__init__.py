"""What a SELECT of the YAML may say: one query, allowed functions, Spark's meaning."""
