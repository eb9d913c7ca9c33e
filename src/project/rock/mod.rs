//! The rock side of a project: `rockcraft.yaml`.
