"""The one room that reaches AWS: a module per service, domain verbs in, model types out, errors translated once."""
