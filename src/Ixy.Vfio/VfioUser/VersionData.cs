using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// Payload of VERSION and of its reply: two numbers, and what the sender can do as JSON with a NUL behind it. The
/// defaults are the protocol's, for what a peer does not say.
/// </summary>
/// <param name="Major">A peer with another one cannot be talked to.</param>
/// <param name="Minor">The lower of both counts.</param>
public sealed record VersionData(ushort Major, ushort Minor)
{
    private const int NumbersLength = 4;

    /// <summary>Descriptors that the sender takes with one message.</summary>
    public long MaxMessageDescriptors { get; init; } = 1;

    /// <summary>Bytes of data that the sender takes, or gives, with one message.</summary>
    public long MaxTransfer { get; init; } = 1 << 20;

    /// <summary>DMA mappings that the sender keeps at a time.</summary>
    public long MaxDmaMaps { get; init; } = 65535;

    /// <summary>Page sizes for DMA mappings, each a bit.</summary>
    public ulong PageSizes { get; init; } = Protocol.PageLength;

    /// <summary>The sender knows REGION_WRITE_MULTI.</summary>
    public bool WritesMultiple { get; init; }

    /// <summary>The server's commands go over a socket of their own.</summary>
    public bool TwinSocket { get; init; }

    /// <summary>Which of the descriptors with the reply that socket is.</summary>
    public long? TwinSocketIndex { get; init; }

    /// <summary>
    /// Of a client of this project's server: it stores to the pages that it maps only what rings a doorbell (a ring's
    /// tail), and reads nothing there; all else it does by messages. So pages may be shared that have registers with
    /// side effects too.
    /// </summary>
    public bool UsesDoorbellsOnly { get; init; }

    /// <summary>The payload.</summary>
    public byte[] ToBytes()
    {
        var bytes = new ArrayBufferWriter<byte>();
        var numbers = bytes.GetSpan(NumbersLength);
        BinaryPrimitives.WriteUInt16LittleEndian(numbers, Major);
        BinaryPrimitives.WriteUInt16LittleEndian(numbers[2..], Minor);
        bytes.Advance(NumbersLength);
        using (var json = new Utf8JsonWriter(bytes)) WriteTo(json);
        bytes.Write((ReadOnlySpan<byte>)[0]);
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Reads a payload.</summary>
    /// <returns>Null if it is none: too short, no JSON, or a value of another type or out of its range.</returns>
    public static VersionData? Parse(ReadOnlySpan<byte> payload)
    {
        if (payload.Length < NumbersLength) return null;
        var version = new VersionData(
            BinaryPrimitives.ReadUInt16LittleEndian(payload), BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]));
        var text = payload[NumbersLength..];
        if (text.IsEmpty) return version;
        // A NUL ends the text; nobody may hide something behind it.
        if (text.IndexOf((byte)0) != text.Length - 1) return null;
        try
        {
            using var json = JsonDocument.Parse(text[..^1].ToArray());
            return version.With(json.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            // Not JSON, a value of another type, or no whole number.
            return null;
        }
    }

    private VersionData? With(JsonElement root)
    {
        if (!root.TryGetProperty("capabilities", out var capabilities)) return this;
        var twin = capabilities.TryGetProperty("twin_socket", out var found) ? found : default;
        bool hasTwin = twin.ValueKind != JsonValueKind.Undefined;
        var version = this with
        {
            MaxMessageDescriptors = Number(capabilities, "max_msg_fds") ?? MaxMessageDescriptors,
            MaxTransfer = Number(capabilities, "max_data_xfer_size") ?? MaxTransfer,
            MaxDmaMaps = Number(capabilities, "max_dma_maps") ?? MaxDmaMaps,
            PageSizes = capabilities.TryGetProperty("pgsizes", out var sizes) ? sizes.GetUInt64() : PageSizes,
            WritesMultiple = Truth(capabilities, "write_multiple"),
            UsesDoorbellsOnly = Truth(capabilities, "ixy_doorbells_only"),
            TwinSocket = hasTwin && Truth(twin, "supported"),
            TwinSocketIndex = hasTwin ? Number(twin, "fd_index") : null,
        };
        return version is
        {
            MaxMessageDescriptors: >= 0, MaxTransfer: > 0, MaxDmaMaps: >= 0, PageSizes: > 0,
            TwinSocketIndex: null or >= 0
        }
            ? version
            : null;
    }

    private static long? Number(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) ? value.GetInt64() : null;

    private static bool Truth(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.GetBoolean();

    private void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartObject("capabilities");
        json.WriteNumber("max_msg_fds", MaxMessageDescriptors);
        json.WriteNumber("max_data_xfer_size", MaxTransfer);
        json.WriteNumber("max_dma_maps", MaxDmaMaps);
        json.WriteNumber("pgsizes", PageSizes);
        if (WritesMultiple) json.WriteBoolean("write_multiple", true);
        if (UsesDoorbellsOnly) json.WriteBoolean("ixy_doorbells_only", true);
        if (TwinSocket)
        {
            json.WriteStartObject("twin_socket");
            json.WriteBoolean("supported", true);
            if (TwinSocketIndex is { } index) json.WriteNumber("fd_index", index);
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
