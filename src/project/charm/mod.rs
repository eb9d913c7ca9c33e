//! The charm side of a project: `charmcraft.yaml`.
