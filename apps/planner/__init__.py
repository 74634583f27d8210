"""The planner's pages: calendar, applications, readiness board, what waits for whom."""
