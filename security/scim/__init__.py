"""SCIM 2.0 (RFC 7643, 7644): a directory keeps users and groups here up to date."""
