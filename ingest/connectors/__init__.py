"""Sources that collections are kept in step with: folders, web sites."""
