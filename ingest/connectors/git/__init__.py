"""Git repositories as sources: any server that speaks protocol version 2 over HTTP.

Nothing is cloned: the trees of a branch's last commit are fetched, then the files that are new. The
protocol is spoken here because what clients keep, they keep on the disk in the clear, and because
what a server sends must be bounded before it is unpacked. See gitprotocol-v2 and gitformat-pack of
Git's documentation.
"""
