"""Judge: from published claims and measured tables to the scorecard and the report."""
