//! Creates the tables that `template.yaml` defines.

use std::{sync::LazyLock, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    operation::{
        create_table::{CreateTableError, CreateTableInput},
        describe_table::DescribeTableError,
    },
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, TableStatus,
    },
};
use saphyr::{LoadableYamlNode as _, Yaml};

use super::Error;

/// The resource that defines the table of movies.
pub const MOVIES: &str = "MoviesTable";

/// The resource that defines the table of remembered requests.
pub const KEYS: &str = "KeysTable";

/// Parsed once, because the tests make hundreds of tables.
static TEMPLATE: LazyLock<Result<Yaml<'static>, String>> = LazyLock::new(|| parse(include_str!("../../template.yaml")));

/// Whether the table exists.
///
/// # Errors
/// DynamoDB reports an error, or does not respond.
pub async fn exists(client: &Client, table: &str) -> Result<bool, Error> {
    match client.describe_table().table_name(table).send().await {
        Ok(_) => Ok(true),
        Err(error) if error.as_service_error().is_some_and(DescribeTableError::is_resource_not_found_exception) => {
            Ok(false)
        }
        Err(error) => Err(Box::new(error)),
    }
}

/// Creates the table that `resource` defines, unless it exists, and waits until it is active. Returns whether it was
/// created.
///
/// # Errors
/// The template does not define such a table, or DynamoDB does not create it.
pub async fn ensure(client: &Client, resource: &str, table: &str) -> Result<bool, Error> {
    let definition = definition(TEMPLATE.as_ref().map_err(String::as_str)?, resource)?;
    let create = client
        .create_table()
        .table_name(table)
        .set_attribute_definitions(definition.attribute_definitions)
        .set_key_schema(definition.key_schema)
        .set_global_secondary_indexes(definition.global_secondary_indexes)
        .billing_mode(BillingMode::PayPerRequest);
    match create.send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {
            return Ok(false);
        }
        Err(error) => return Err(Box::new(error)),
    }
    loop {
        let described = client.describe_table().table_name(table).send().await?;
        if described.table.and_then(|table| table.table_status) == Some(TableStatus::Active) {
            return Ok(true);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn parse(template: &str) -> Result<Yaml<'_>, String> {
    let documents = Yaml::load_from_str(template).map_err(|error| format!("template.yaml: {error}"))?;
    documents.into_iter().next().ok_or_else(|| "template.yaml: is empty".to_owned())
}

/// The parts of an `AWS::DynamoDB::Table` of the template that are needed to create the table.
fn definition(template: &Yaml<'_>, resource: &str) -> Result<CreateTableInput, Error> {
    let resources = template.as_mapping_get("Resources");
    let table = resources.and_then(|resources| resources.as_mapping_get(resource));
    let table = table.filter(|table| text(table, "Type") == Some("AWS::DynamoDB::Table"));
    let properties = table.and_then(|table| table.as_mapping_get("Properties"));
    read(properties.ok_or_else(|| format!("template.yaml: {resource} is not an AWS::DynamoDB::Table"))?)
        .ok_or_else(|| format!("template.yaml: the keys, attributes or indexes of {resource} cannot be read").into())
}

fn read(properties: &Yaml<'_>) -> Option<CreateTableInput> {
    let mut attributes = Vec::new();
    for attribute in sequence(properties, "AttributeDefinitions") {
        let attribute = AttributeDefinition::builder()
            .attribute_name(text(attribute, "AttributeName")?)
            .attribute_type(ScalarAttributeType::from(text(attribute, "AttributeType")?));
        attributes.push(attribute.build().ok()?);
    }
    let mut indexes = Vec::new();
    for index in sequence(properties, "GlobalSecondaryIndexes") {
        let projection = text(index.as_mapping_get("Projection")?, "ProjectionType")?;
        let index = GlobalSecondaryIndex::builder()
            .index_name(text(index, "IndexName")?)
            .set_key_schema(Some(key_schema(index)?))
            .projection(Projection::builder().projection_type(ProjectionType::from(projection)).build());
        indexes.push(index.build().ok()?);
    }
    let table = CreateTableInput::builder()
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(key_schema(properties)?))
        .set_global_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty()));
    table.build().ok()
}

fn key_schema(owner: &Yaml<'_>) -> Option<Vec<KeySchemaElement>> {
    let elements = sequence(owner, "KeySchema").map(|element| {
        let key_type = KeyType::from(text(element, "KeyType")?);
        KeySchemaElement::builder().attribute_name(text(element, "AttributeName")?).key_type(key_type).build().ok()
    });
    elements.collect()
}

fn sequence<'a>(owner: &'a Yaml<'_>, name: &str) -> impl Iterator<Item = &'a Yaml<'a>> {
    owner.as_mapping_get(name).and_then(|value| value.as_vec()).into_iter().flatten()
}

fn text<'a>(owner: &'a Yaml<'_>, name: &str) -> Option<&'a str> {
    owner.as_mapping_get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::YEAR_INDEX;

    #[test]
    fn the_template_defines_the_tables_that_the_store_uses() {
        let keys = definition(TEMPLATE.as_ref().unwrap(), KEYS).unwrap();
        let names: Vec<_> = keys.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
        assert_eq!((names, keys.global_secondary_indexes().len()), (vec!["key"], 0));
        let table = definition(TEMPLATE.as_ref().unwrap(), MOVIES).unwrap();
        let keys: Vec<_> = table.key_schema().iter().map(KeySchemaElement::attribute_name).collect();
        assert_eq!(keys, ["id"]);
        let index = &table.global_secondary_indexes()[0];
        assert_eq!((index.index_name(), index.key_schema()[0].attribute_name()), (YEAR_INDEX, "year"));
        assert_eq!(index.key_schema().len(), 1, "a title does not fit an index's sort key");
    }

    #[test]
    fn a_template_without_a_table_is_named() {
        for template in ["", "Resources: {}", "Resources: {T: {Type: 'AWS::DynamoDB::Table'}}", "a: [", "Resources: 7"]
        {
            let error =
                parse(template).map_err(Error::from).and_then(|template| definition(&template, "T")).unwrap_err();
            assert!(error.to_string().contains("template.yaml"), "{template}");
        }
    }
}
