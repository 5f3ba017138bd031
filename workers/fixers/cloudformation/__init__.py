"""CloudFormation: resources that are private, encrypted and logged, by minimal edits of their YAML or JSON."""
