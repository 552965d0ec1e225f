using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using System.Xml.Linq;

namespace Ixy.Repository.Tests.Packaging;

/// <summary>A package made by <c>eng/pack</c>.</summary>
internal sealed class Package : IDisposable
{
    private readonly ZipArchive _zip;
    private readonly XElement _metadata;

    internal Package(string name, string extension = "nupkg")
    {
        _zip = ZipFile.OpenRead(Path.Combine(Releases.Packages, $"{name}.{Releases.Version}.{extension}"));
        using var stream = _zip.GetEntry($"{name}.nuspec")!.Open();
        _metadata = XDocument.Load(stream).Root!.Elements().Single();
    }

    /// <summary>Its files, without those that NuGet puts into every package.</summary>
    internal IEnumerable<string> Files => _zip.Entries.Select(entry => entry.FullName)
        .Where(name => name is not "[Content_Types].xml" && !name.StartsWith("_rels/", StringComparison.Ordinal)
            && !name.StartsWith("package/", StringComparison.Ordinal)
            && !name.EndsWith(".nuspec", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    /// <summary>The recorded times of its files.</summary>
    internal IEnumerable<DateTime> Times => _zip.Entries.Select(entry => entry.LastWriteTime.DateTime);

    /// <summary>An element of its metadata.</summary>
    internal XElement Find(string name) =>
        Assert.Single(_metadata.Descendants(), element => element.Name.LocalName == name);

    /// <summary>Its dependencies: name and version.</summary>
    internal IEnumerable<(string Name, string Version)> Dependencies => _metadata.Descendants()
        .Where(element => element.Name.LocalName == "dependency")
        .Select(element => (element.Attribute("id")!.Value, element.Attribute("version")!.Value)).Order();

    internal byte[] Read(string file)
    {
        using var stream = _zip.GetEntry(file)!.Open();
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    internal string ReadText(string file) => Encoding.UTF8.GetString(Read(file));

    /// <summary>Where a debugger finds the sources: the SourceLink map in a symbol file.</summary>
    internal string ReadSourceLink(string file, out IReadOnlyList<string> documents)
    {
        var kind = new Guid("CC110556-A091-4D38-9FEC-25AB9A351A6A");
        using var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(Read(file)));
        var reader = provider.GetMetadataReader();
        documents = [.. reader.Documents.Where(handle => !IsEmbedded(reader, handle))
            .Select(handle => reader.GetString(reader.GetDocument(handle).Name))];
        var map = Assert.Single(
            reader.GetCustomDebugInformation(EntityHandle.ModuleDefinition).Select(reader.GetCustomDebugInformation),
            information => reader.GetGuid(information.Kind) == kind);
        return Encoding.UTF8.GetString(reader.GetBlobBytes(map.Value));
    }

    public void Dispose() => _zip.Dispose();

    // Generated code is in no repository, so it is embedded.
    private static bool IsEmbedded(MetadataReader reader, DocumentHandle document)
    {
        var kind = new Guid("0E8A571B-6926-466E-B4AD-8AB04611F5FE");
        return reader.GetCustomDebugInformation(document).Select(reader.GetCustomDebugInformation)
            .Any(information => reader.GetGuid(information.Kind) == kind);
    }
}
