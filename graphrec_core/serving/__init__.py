"""Answering queries from the live shards: routing, hot reload, HTTP."""
