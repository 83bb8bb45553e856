import Foundation
import Testing

@testable import RelierCommand

@Suite struct DotEnvTests {
    @Test func valuesAreReadAsShellsWouldReadThem() throws {
        let file = try DotEnv(
            path: ".env",
            text: """
                # a comment
                A=1
                export B = two words   # and a comment
                C="x \\"y\\" \\n z" # after
                D='a # b \\n'
                E=a=b#c
                F=
                A=2\r
                """)
        #expect(file.values == ["A": "2", "B": "two words", "C": "x \"y\" \n z", "D": "a # b \\n", "E": "a=b#c", "F": ""])
    }

    @Test(arguments: [
        ("A=1\nnonsense", "/srv/.env line 2: 'nonsense' has no '='"), ("1A=2", "'1A' is not a name"), ("A B=1", "'A B' is not a name"),
        ("=1", "'' is not a name"), ("A=\"open", "not closed"), ("A='x' y", "after the closing quote"),
    ])
    func aBadLineIsNamed(text: String, part: String) throws {
        let line = try #require(refusal { _ = try DotEnv(path: "/srv/.env", text: text) })
        #expect(line.contains(part))
        #expect(line.hasPrefix("/srv/.env line "))
    }

    @Test func theNearestFileAtOrAboveTheDirectoryIsFound() throws {
        try withTemporaryDirectory { root in
            let deep = root.appending(path: "a/b")
            try FileManager.default.createDirectory(at: deep.appending(component: ".env"), withIntermediateDirectories: true)
            try Data("RELIER_CONCURRENCY=8\n".utf8).write(to: root.appending(component: ".env"))
            // The directory named .env on the way is somebody else's.
            #expect(try Settings.load(overrides: [], environment: [:], workingDirectory: deep.path).concurrency == 8)
            try Data("RELIER_CONCURRENCY=9\n".utf8).write(to: root.appending(path: "a/.env"))
            #expect(try Settings.load(overrides: [], environment: [:], workingDirectory: deep.path).concurrency == 9)
        }
    }

    @Test func bytesThatAreNoTextAreRefused() throws {
        try withTemporaryDirectory { root in
            let path = root.appending(component: ".env").path
            try Data([0xff, 0xfe, 0x41]).write(to: URL(filePath: path))
            #expect(refusal { _ = try DotEnv.find(from: root.path) }?.contains("cannot be read as UTF-8") == true)
        }
    }
}
