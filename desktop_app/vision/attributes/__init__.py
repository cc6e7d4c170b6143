"""Gender and age networks: model files, crops, outputs, and which glimpses are worth classifying."""
