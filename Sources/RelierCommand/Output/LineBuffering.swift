#if canImport(Darwin)
    @preconcurrency import Darwin
#elseif canImport(Musl)
    @preconcurrency import Musl
#else
    @preconcurrency import Glibc
#endif

extension Console {
    /// Lines leave as they are written, also into a pipe.
    static func bufferLines() {
        setvbuf(stdout, nil, _IOLBF, 0)
    }
}
