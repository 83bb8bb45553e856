import SwiftCompilerPlugin
import SwiftSyntaxMacros

@main struct RelierMacroPlugin: CompilerPlugin {
    let providingMacros: [any Macro.Type] = [RelierTaskMacro.self]
}
