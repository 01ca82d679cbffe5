"""Parts that several algorithms share: random draws by position, style codes, semantic and contrastive terms, checks of configs."""
