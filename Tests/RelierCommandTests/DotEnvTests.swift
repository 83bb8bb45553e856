import Foundation
import Testing

@testable import RelierCommand

@Suite struct DotEnvTests {
    @Test func valuesAreReadAsShellsWouldReadThem() throws {
        let file = try DotEnv(
            path: ".env",
            text: """
                # a comment
                RELIER_A=1
                export RELIER_B = two words   # and a comment
                RELIER_C="x \\"y\\" \\n z" # after
                RELIER_D='a # b \\n'
                RELIER_E=a=b#c
                RELIER_F=
                RELIER_A=2\r
                """)
        let values = ["A": "2", "B": "two words", "C": "x \"y\" \n z", "D": "a # b \\n", "E": "a=b#c", "F": ""]
        #expect(file.values == Dictionary(uniqueKeysWithValues: values.map { ("RELIER_\($0)", $1) }))
        #expect(file.warning == nil)
    }

    @Test func whatIsNotOursIsPassedOverByItsNumber() throws {
        let file = try DotEnv(
            path: "/srv/.env",
            text: """
                PORT=80
                spring.profile=prod
                export NODE_ENV
                JWT_KEY="-----BEGIN KEY-----
                secretsecret=
                -----END KEY-----"
                RELIER_CONCURRENCY=7
                MOTTO='it
                RELIER_PROCESSES=2
                TEXT=open"
                1A=2
                """)
        #expect(file.values == ["RELIER_CONCURRENCY": "7", "RELIER_PROCESSES": "2"])
        #expect(file.passedOver == [2, 3, 4, 5, 6, 8, 11])
        #expect(
            file.warning == "/srv/.env: lines 2, 3, 4, 5, 6, 8, 11 are not NAME=value and no setting of Relier's; passed over")
    }

    @Test func othersEncodingsArePassedOver() throws {
        try withTemporaryDirectory { root in
            let path = root.appending(component: ".env").path
            try (Data("NAME=".utf8) + [0xe9, 0x0a] + Data("RELIER_CONCURRENCY=9\n".utf8)).write(to: URL(filePath: path))
            let file = try #require(try DotEnv.find(from: root.path))
            #expect(file.values == ["RELIER_CONCURRENCY": "9"])
            #expect(file.passedOver == [1])
        }
    }

    @Test(arguments: [
        ("A=1\nRELIER_SECRET_KEY hunter2", "line 2: RELIER_SECRET_KEY has no '='"),
        ("RELIER_SECRET_KEY hunter2=1", "line 1: RELIER_SECRET_KEY has something between"),
        ("RELIER_URL.x=hunter2", "RELIER_URL has something between"),
        ("RELIER_SECRET_KEY=\"hunter2", "RELIER_SECRET_KEY: the quote is not closed"),
        ("export RELIER_SECRET_KEY='x' hunter2", "RELIER_SECRET_KEY: there is something after the closing quote"),
    ])
    func aBadLineOfOursIsNamedWithoutItsValue(text: String, part: String) throws {
        let line = try #require(refusal { _ = try DotEnv(path: "/srv/.env", text: text) })
        #expect(line.contains(part), "\(line)")
        #expect(line.hasPrefix("/srv/.env line "))
        #expect(!line.contains("hunter2"))
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
