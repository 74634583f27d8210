"""What every check of data with Great Expectations shares: rules, running them, pages that ask nobody for anything."""
