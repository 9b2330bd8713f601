// The plugin documents the products on which a target of this package depends.
