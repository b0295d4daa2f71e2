"""Buckets as sources: any server that speaks the S3 API."""
