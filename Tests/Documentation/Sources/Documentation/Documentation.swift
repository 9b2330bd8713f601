// The plugin documents the products that a target of this package depends on.
