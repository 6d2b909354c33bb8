"""The page: one module a tab.  Handlers call `rnn_model`, draw what comes back and put errors into words."""
