"""From a question to a cited answer: prompt, grounding, citations, refusal, conversations."""
