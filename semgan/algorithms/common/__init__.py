"""What several algorithms have in common: random draws by position, style codes, semantic and contrastive terms, checks of configs."""
