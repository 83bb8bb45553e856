import Testing

/// The patterns in real worker processes. One at a time: each starts several processes and waits for what they do.
@Suite(.serialized) struct WorkshopTests {}
