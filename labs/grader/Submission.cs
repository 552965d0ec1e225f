using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.Loader;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Emit;

namespace Ixy.Labs.Grader;

/// <summary>An error in a file that prevents it from running.</summary>
/// <param name="Line">From 1; 0 if it concerns the whole file.</param>
/// <param name="Message">In words.</param>
internal sealed record CompileError(int Line, string Message);

/// <summary>A student's file, compiled.</summary>
/// <param name="Path">The file.</param>
/// <param name="Assembly">Null if there are errors.</param>
/// <param name="Symbols">Its portable PDB.</param>
/// <param name="Errors">At most <see cref="MostErrors"/>.</param>
internal sealed record Submission(string Path, byte[]? Assembly, byte[]? Symbols, IReadOnlyList<CompileError> Errors)
{
    internal const int MostErrors = 10;

    private const string Usings = """
        global using System; global using System.Collections.Generic; global using System.Linq;
        """;

    private static readonly CSharpParseOptions s_language = new(LanguageVersion.Latest, DocumentationMode.None);

    private static readonly CSharpCompilationOptions s_options = new(
        OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Debug, allowUnsafe: false,
        nullableContextOptions: NullableContextOptions.Enable, deterministic: true);

    private static readonly Lazy<MetadataReference[]> s_references = new(FindReferences);

    /// <summary>Compiles a file for an exercise.</summary>
    /// <param name="path">Its name, only for messages and symbols.</param>
    /// <param name="text">Its content.</param>
    /// <param name="allowsGiven">It may call what the lab provides.</param>
    internal static Submission Compile(string path, string text, bool allowsGiven)
    {
        var tree = CSharpSyntaxTree.ParseText(text, s_language, path, Encoding.UTF8);
        var plain = Compilation(tree);
        var errors = plain.GetDiagnostics()
            .Where(found => found.Severity == DiagnosticSeverity.Error)
            .Select(found => new CompileError(LineOf(found.Location), $"{found.GetMessage()} ({found.Id})"))
            .ToList();
        if (errors.Count == 0) errors.AddRange(Permissions.Check(plain, tree, allowsGiven));
        if (errors.Count > 0)
            return new(path, null, null, [.. errors.OrderBy(error => error.Line).Distinct().Take(MostErrors)]);
        // Calls in front of statements, on the existing lines, so line numbers do not change.
        var probed = CSharpSyntaxTree.ParseText(
            new Probes().Visit(tree.GetRoot()).ToFullString(), s_language, path, Encoding.UTF8);
        using MemoryStream assembly = new(), symbols = new();
        var emitted = Compilation(probed).Emit(
            assembly, symbols, options: new EmitOptions(debugInformationFormat: DebugInformationFormat.PortablePdb));
        if (!emitted.Success)
        {
            var first = emitted.Diagnostics.First(found => found.Severity == DiagnosticSeverity.Error);
            return new(path, null, null, [new(LineOf(first.Location), $"the grader cannot run this: {first.GetMessage()}")]);
        }
        var leaks = Permissions.Check(assembly.ToArray(), allowsGiven);
        return leaks.Count > 0 ? new(path, null, null, leaks) : new(path, assembly.ToArray(), symbols.ToArray(), []);
    }

    /// <summary>Loads it; it can be unloaded again.</summary>
    internal Assembly Load()
    {
        var context = new AssemblyLoadContext("exercise", isCollectible: true);
        return context.LoadFromStream(new MemoryStream(Assembly!), new MemoryStream(Symbols!));
    }

    private static CSharpCompilation Compilation(SyntaxTree tree) => CSharpCompilation.Create(
        "Exercise", [tree, CSharpSyntaxTree.ParseText(Usings, s_language)], s_references.Value, s_options);

    private static int LineOf(Location location) =>
        location.IsInSource ? location.GetLineSpan().StartLinePosition.Line + 1 : 0;

    // From the runtime, the core; from this program, what exercises use.
    private static MetadataReference[] FindReferences()
    {
        string runtime = System.IO.Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        string[] core = [
            "System.Private.CoreLib", "System.Runtime", "System.Collections", "System.Linq", "System.Memory",
            "System.Console", "System.Threading", "System.Threading.Thread", "System.Runtime.InteropServices",
            "System.Runtime.Extensions", "netstandard", "System.Diagnostics.Process", "System.Net.Sockets",
            "System.Net.Primitives", "System.ComponentModel.Primitives", "System.Net.Http"];
        return [
            .. core.Select(name => System.IO.Path.Combine(runtime, $"{name}.dll")).Where(File.Exists)
                .Append(typeof(Vfio.PciDevice).Assembly.Location).Append(typeof(Lab).Assembly.Location)
                .Select(file => MetadataReference.CreateFromFile(file))];
    }

    /// <summary>Puts calls of <see cref="Machine"/> into a file.</summary>
    private sealed class Probes : CSharpSyntaxRewriter
    {
        public override SyntaxNode? VisitBlock(BlockSyntax node)
        {
            var block = node.WithStatements(Probed(node.Statements));
            return EnteredAt(node) is > 0 and var line ? Begun(block, Probe("Enter", line)) : block;
        }

        public override SyntaxNode? VisitSwitchSection(SwitchSectionSyntax node) =>
            node.WithStatements(Probed(node.Statements));

        // In "else if" the probe of the second if is in a block, too, which is fine.
        [return: NotNullIfNotNull(nameof(node))]
        public override SyntaxNode? Visit(SyntaxNode? node)
        {
            var visited = base.Visit(node);
            return node is StatementSyntax statement && IsBody(statement)
                ? Wrapped(statement, (StatementSyntax)visited!) : visited;
        }

        // A method that is one expression: "=> x" becomes "{ probe; return x; }".
        public override SyntaxNode? VisitMethodDeclaration(MethodDeclarationSyntax node)
        {
            var visited = (MethodDeclarationSyntax)base.VisitMethodDeclaration(node)!;
            return BodyOf(
                node.ExpressionBody, visited.ExpressionBody, node.SemicolonToken, IsVoid(node.ReturnType)) is { } body
                ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithBody(body) : visited;
        }

        public override SyntaxNode? VisitLocalFunctionStatement(LocalFunctionStatementSyntax node)
        {
            var visited = (LocalFunctionStatementSyntax)base.VisitLocalFunctionStatement(node)!;
            return BodyOf(
                node.ExpressionBody, visited.ExpressionBody, node.SemicolonToken, IsVoid(node.ReturnType)) is { } body
                ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithBody(body) : visited;
        }

        public override SyntaxNode? VisitConstructorDeclaration(ConstructorDeclarationSyntax node)
        {
            var visited = (ConstructorDeclarationSyntax)base.VisitConstructorDeclaration(node)!;
            return BodyOf(
                node.ExpressionBody, visited.ExpressionBody, node.SemicolonToken, isVoid: true) is { } body
                ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithBody(body) : visited;
        }

        public override SyntaxNode? VisitPropertyDeclaration(PropertyDeclarationSyntax node)
        {
            var visited = (PropertyDeclarationSyntax)base.VisitPropertyDeclaration(node)!;
            if (BodyOf(node.ExpressionBody, visited.ExpressionBody, node.SemicolonToken, isVoid: false) is not { } body)
                return visited;
            return visited.WithExpressionBody(null).WithSemicolonToken(default).WithAccessorList(
                SyntaxFactory.AccessorList([
                    SyntaxFactory.AccessorDeclaration(SyntaxKind.GetAccessorDeclaration).WithBody(body)]));
        }

        public override SyntaxNode? VisitAccessorDeclaration(AccessorDeclarationSyntax node)
        {
            var visited = (AccessorDeclarationSyntax)base.VisitAccessorDeclaration(node)!;
            bool isVoid = !node.IsKind(SyntaxKind.GetAccessorDeclaration);
            return BodyOf(
                node.ExpressionBody, visited.ExpressionBody, node.SemicolonToken, isVoid) is { } body
                ? visited.WithExpressionBody(null).WithSemicolonToken(default).WithBody(body) : visited;
        }

        private static bool IsVoid(TypeSyntax type) =>
            type is PredefinedTypeSyntax { Keyword.RawKind: (int)SyntaxKind.VoidKeyword };

        // Keeps all original line ends. An expression that cannot be turned into a statement stays as it is.
        private static BlockSyntax? BodyOf(
            ArrowExpressionClauseSyntax? node, ArrowExpressionClauseSyntax? visited, SyntaxToken end, bool isVoid)
        {
            if (node is null || node.Expression is RefExpressionSyntax) return null;
            if (node.ContainsDirectives || end.ContainsDirectives) return null;
            string text = visited!.Expression.ToFullString();
            string keyword = node.Expression is ThrowExpressionSyntax || isVoid ? "" : "return ";
            var arrow = node.ArrowToken;
            // A comment there would swallow what follows it.
            if (visited.Expression.GetTrailingTrivia().Any(SyntaxKind.SingleLineCommentTrivia)) return null;
            return (BlockSyntax)SyntaxFactory.ParseStatement(
                $"{arrow.LeadingTrivia}{{ {Call("Enter", LineOf(node))} {arrow.TrailingTrivia}{keyword}{text};"
                + $"{end.LeadingTrivia} }}{end.TrailingTrivia}", options: s_language);
        }

        private static int EnteredAt(BlockSyntax node) =>
            node.Parent is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax
                or AnonymousFunctionExpressionSyntax ? LineOf(node.Parent) : 0;

        // The probe comes after comments and directives, which must be first on their line.
        private SyntaxList<StatementSyntax> Probed(SyntaxList<StatementSyntax> statements)
        {
            var all = new List<StatementSyntax>();
            foreach (var statement in statements)
            {
                var visited = (StatementSyntax)Visit(statement)!;
                if (IsProbed(statement))
                {
                    all.Add(Probe("At", LineOf(statement)).WithLeadingTrivia(visited.GetLeadingTrivia()));
                    visited = visited.WithLeadingTrivia();
                }
                all.Add(visited);
            }
            return SyntaxFactory.List(all);
        }

        private static bool IsProbed(StatementSyntax statement) =>
            statement is not (LocalFunctionStatementSyntax or BlockSyntax);

        // A label's declaration is seen by what follows, so it stays where it is.
        private static bool IsBody(StatementSyntax node) => node.Parent switch
        {
            IfStatementSyntax or ElseClauseSyntax or WhileStatementSyntax or DoStatementSyntax => true,
            ForStatementSyntax or CommonForEachStatementSyntax or UsingStatementSyntax => true,
            LabeledStatementSyntax => node is not (LocalDeclarationStatementSyntax or LocalFunctionStatementSyntax),
            _ => false,
        };

        private static BlockSyntax Wrapped(StatementSyntax node, StatementSyntax visited) =>
            node is BlockSyntax block ? Looped(block, (BlockSyntax)visited, LineOf(node.Parent!))
            : SyntaxFactory.Block(Probe("At", LineOf(node)), visited.WithLeadingTrivia().WithTrailingTrivia())
                .WithLeadingTrivia(visited.GetLeadingTrivia()).WithTrailingTrivia(visited.GetTrailingTrivia());

        // An empty body has to be noticed as well.
        private static BlockSyntax Looped(BlockSyntax node, BlockSyntax visited, int line) =>
            node.Statements.Any(IsProbed) ? visited : Begun(visited, Probe("At", line));

        // On the line of the brace, for the same reason.
        private static BlockSyntax Begun(BlockSyntax block, StatementSyntax probe)
        {
            var open = block.OpenBraceToken;
            return block.WithOpenBraceToken(open.WithTrailingTrivia())
                .WithStatements(block.Statements.Insert(0, probe.WithTrailingTrivia(open.TrailingTrivia)));
        }

        private static StatementSyntax Probe(string method, int line) =>
            SyntaxFactory.ParseStatement(Call(method, line), options: s_language);

        private static string Call(string method, int line) => $"global::Ixy.Labs.Machine.{method}({line});";

        private static int LineOf(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;
    }
}
