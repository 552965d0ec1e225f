using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Ixy.Repository.Tests.CodeLines;

/// <summary>
/// A field has no code that runs, so <see cref="ForwarderPathTests"/> cannot see it: the counted files may only name
/// fields and constants that are declared in one of them.
/// </summary>
public sealed class CountedFieldsTests
{
    // What the SDK adds to every file.
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        """;

    [Fact]
    public void FieldsOfThePathAreDeclaredOnThePath()
    {
        var counted = CodeLinesOutput.ReadFiles();
        var sources = Compile();
        var trees = sources.SyntaxTrees.Where(tree => counted.Contains(tree.FilePath)).ToList();
        // The sample is a program of its own, and has no fields.
        Assert.Equal(counted.Count - 1, trees.Count);
        var fields = trees.SelectMany(tree => FieldsIn(tree, sources)).ToList();
        // Without these, the test would be blind: the sources did not compile.
        Assert.Contains(fields, field => field.Name == "EIMC" && field.DeclaredIn.EndsWith("/IxgbeRegisters.cs"));
        Assert.Contains(fields, field => field.Name == "_isDown" && field.NamedIn.EndsWith("/IxgbeDevice.cs"));
        List<NamedField> elsewhere = [.. fields.Where(field => !counted.Contains(field.DeclaredIn))];
        Assert.Empty(elsewhere);
    }

    private static CSharpCompilation Compile()
    {
        var options = CSharpParseOptions.Default.WithLanguageVersion(LanguageVersion.Preview);
        var trees = new[] { "Ixy.Vfio", "Ixy", "Ixy.Simulation" }
            .SelectMany(project => Directory.GetFiles(
                Path.Combine(Checkout.Root, "src", project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
            .Select(file => CSharpSyntaxTree.ParseText(
                File.ReadAllText(file), options, Path.GetRelativePath(Checkout.Root, file)));
        var references = ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':')
            .Where(file => Path.GetFileName(file).StartsWith("System.", StringComparison.Ordinal))
            .Select(file => MetadataReference.CreateFromFile(file));
        return CSharpCompilation.Create(
            "path", [.. trees, CSharpSyntaxTree.ParseText(Usings, options)], references,
            new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true));
    }

    private static IEnumerable<NamedField> FieldsIn(SyntaxTree tree, CSharpCompilation sources)
    {
        var model = sources.GetSemanticModel(tree);
        return tree.GetRoot().DescendantNodes().OfType<IdentifierNameSyntax>()
            .Select(name => model.GetSymbolInfo(name).Symbol).OfType<IFieldSymbol>()
            .Where(field => !field.DeclaringSyntaxReferences.IsEmpty)
            .Select(field => new NamedField(
                field.Name, tree.FilePath, field.DeclaringSyntaxReferences[0].SyntaxTree.FilePath))
            .Distinct();
    }

    private sealed record NamedField(string Name, string NamedIn, string DeclaredIn);
}
