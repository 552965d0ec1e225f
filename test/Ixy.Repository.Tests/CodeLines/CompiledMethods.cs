using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Ixy.Repository.Tests.CodeLines;

/// <summary>
/// An assembly of the project, and where its methods and types are in the sources (portable PDB). Whatever a run
/// compiled, it ran: the JIT compiles a method on its first call, and inlines nothing in tier 0.
/// </summary>
internal sealed class CompiledMethods
{
    // "TypeDefinitionDocuments", for types without code.
    private static readonly Guid s_typeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    private readonly Dictionary<(string Type, string Method, int Parameters), HashSet<string>> _methods = [];
    private readonly Dictionary<string, SourceType> _types = [];
    private readonly Dictionary<string, string> _bases = [];

    internal CompiledMethods(string assembly)
    {
        using var program = new PEReader(File.OpenRead(assembly));
        using var symbols = MetadataReaderProvider.FromPortablePdbStream(
            File.OpenRead(Path.ChangeExtension(assembly, ".pdb")));
        var (metadata, debug) = (program.GetMetadataReader(), symbols.GetMetadataReader());
        foreach (var handle in metadata.TypeDefinitions)
        {
            var type = metadata.GetTypeDefinition(handle);
            string name = FullName(metadata, type);
            bool hasCode = false;
            HashSet<string> files = [];
            foreach (var method in type.GetMethods())
            {
                var definition = metadata.GetMethodDefinition(method);
                string methodName = metadata.GetString(definition.Name);
                int parameters = definition.GetParameters()
                    .Count(parameter => metadata.GetParameter(parameter).SequenceNumber > 0);
                var found = FilesOf(debug, method.ToDebugInformationHandle());
                files.UnionWith(found);
                hasCode |= methodName != ".ctor" && definition.RelativeVirtualAddress != 0;
                if (!_methods.TryAdd((name, methodName, parameters), found))
                    _methods[(name, methodName, parameters)].UnionWith(found);
            }
            files.UnionWith(FilesOf(debug, handle));
            // A nested type belongs to the one around it.
            if (name.Contains('<') || name.Contains('+') || files.Count == 0) continue;
            string simple = SimpleName(name);
            _types[name] = new(metadata.GetString(type.Namespace), simple, MainFile(files, simple));
            if (!hasCode || IsStruct(metadata, type)) Declarations.Add(_types[name]);
            if (BaseName(metadata, type) is { } baseName) _bases[name] = baseName;
        }
    }

    /// <summary>A type and the file that declares it; if there are several files, the one with its name.</summary>
    internal sealed record SourceType(string Namespace, string Name, string File);

    /// <summary>
    /// Structs, and types whose only code is constructors: code that names them needs them to compile.
    /// </summary>
    internal List<SourceType> Declarations { get; } = [];

    /// <summary>The files of the methods in a list written by the runtime (DOTNET_JitDisasmSummary).</summary>
    internal IEnumerable<string> FindFiles(IEnumerable<string> compiled)
    {
        foreach (string line in compiled)
        {
            if (!TryParse(line, out var key) || !_methods.TryGetValue(key, out var files)) continue;
            foreach (string file in files) yield return file;
            // A type also needs what it inherits.
            for (string? type = _bases.GetValueOrDefault(key.Type); type is not null;
                type = _bases.GetValueOrDefault(type))
            {
                if (_types.TryGetValue(type, out var found)) yield return found.File;
            }
        }
    }

    private static string SimpleName(string name) => name[(name.LastIndexOf('.') + 1)..].Split('`')[0];

    private static string MainFile(HashSet<string> files, string name) =>
        files.FirstOrDefault(file => Path.GetFileName(file) == $"{name}.cs") ?? files.Order().First();

    private static bool IsStruct(MetadataReader metadata, TypeDefinition type) =>
        type.BaseType.Kind == HandleKind.TypeReference
        && metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)type.BaseType).Name) == nameof(ValueType);

    // Within this assembly; a base type in another one is found by its methods that run.
    private static string? BaseName(MetadataReader metadata, TypeDefinition type) =>
        !type.BaseType.IsNil && type.BaseType.Kind == HandleKind.TypeDefinition
        ? FullName(metadata, metadata.GetTypeDefinition((TypeDefinitionHandle)type.BaseType)) : null;

    // As in " 12: JIT compiled Ixy.Pair`2[int,System.Func`1[int]]:Add[int](int,System.String):bool:this [Tier0, IL
    // size=…". Generic arguments are in brackets, possibly nested.
    private static bool TryParse(string line, out (string Type, string Method, int Parameters) key)
    {
        const string Start = "JIT compiled ";
        key = default;
        int start = line.IndexOf(Start, StringComparison.Ordinal), depth = 0, parameters = 0;
        if (start < 0) return false;
        var left = new System.Text.StringBuilder();
        int place = start + Start.Length;
        for (; place < line.Length && (depth > 0 || line[place] != '('); place++)
        {
            if (line[place] == ']') depth--;
            else if (line[place] == '[') depth++;
            else if (depth == 0) left.Append(line[place]);
        }
        if (place == line.Length) return false;
        if (line[place + 1] != ')') parameters = 1;
        for (place++; depth > 0 || line[place] != ')'; place++)
        {
            if (line[place] == ']') depth--;
            else if (line[place] == '[') depth++;
            else if (line[place] == ',' && depth == 0) parameters++;
        }
        string[] names = left.ToString().Split(':', 2);
        if (names.Length != 2) return false;
        key = (names[0], names[1], parameters);
        return true;
    }

    private static string FullName(MetadataReader metadata, TypeDefinition type)
    {
        string name = metadata.GetString(type.Name), space = metadata.GetString(type.Namespace);
        if (!type.GetDeclaringType().IsNil)
            return $"{FullName(metadata, metadata.GetTypeDefinition(type.GetDeclaringType()))}+{name}";
        return space.Length == 0 ? name : $"{space}.{name}";
    }

    private static HashSet<string> FilesOf(MetadataReader debug, MethodDebugInformationHandle handle)
    {
        var information = debug.GetMethodDebugInformation(handle);
        if (information.SequencePointsBlob.IsNil) return [];
        return [.. information.GetSequencePoints().Where(point => !point.IsHidden)
            .Select(point => debug.GetString(debug.GetDocument(point.Document).Name))];
    }

    private static IEnumerable<string> FilesOf(MetadataReader debug, TypeDefinitionHandle type)
    {
        foreach (var handle in debug.GetCustomDebugInformation(type))
        {
            var information = debug.GetCustomDebugInformation(handle);
            if (debug.GetGuid(information.Kind) != s_typeDocuments) continue;
            var blob = debug.GetBlobReader(information.Value);
            while (blob.RemainingBytes > 0)
                yield return debug.GetString(
                    debug.GetDocument(MetadataTokens.DocumentHandle(blob.ReadCompressedInteger())).Name);
        }
    }
}
