"""What a configuration says, held against what can be: names, sizes, pages, tables."""
